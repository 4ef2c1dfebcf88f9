"""What a report shows besides its checks: the summaries, as they were asserted over."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from counterfoil.common.text import first_line
from counterfoil.contract.packs import Pack
from counterfoil.postgres.rows import Awaited, Reader, Row
from counterfoil.suites.validator import SuiteOutcome

log = logging.getLogger(__name__)

# Beyond this a report would not be read; analysts have the view.
_MOST_ROWS = 200

_SUMMARIES = {
    "tenant_isolation": "relationships",
    "referential_integrity": "references",
    "uniqueness": "business_keys",
    "completeness": "required_values",
    "validity": "allowed_values",
    "source_tables": "tables",
}

# Of a competition, what costs most and no report shows: its balance over time.
_LEFT_OUT = {
    "competition_capacity": {
        "held_tokens",
        "is_oversold",
        "lowest_balance_tokens",
        "highest_excess_tokens",
        "is_running_balance_out_of_range",
    }
}

# Views that no suite has fetched: their pack, and the order in which their first rows matter.
_VIEWS: dict[str, tuple[Pack, str, str]] = {
    "tenants": ("tenancy", "tenant_overview", "reservation_count desc, tenant_name"),
    "competitions": (
        "capacity",
        "competition_capacity",
        "absolute_discrepancy_tokens desc nulls first, ledger_entry_count desc, competition_name",
    ),
    "ledger_growth": ("capacity", "ledger_growth", "database_name"),
    "ledger_activity": (
        "capacity",
        "ledger_activity",
        "active_on desc nulls first, competition_name, competition_id, reason",
    ),
    "latest_ledger_entries": (
        "capacity",
        "latest_ledger_entries",
        "created_at desc, ledger_entry_id",
    ),
    "coverage": (
        "schema",
        "schema_coverage",
        "module is not null, missing_count = 0, module = '', module",
    ),
    "wall_counts": ("schema", "tenant_wall_counts", "table_count"),
    "walls": ("schema", "tenant_walls", "is_held, table_name"),
    "migrations": ("migrations", "migration_overview", "tree"),
    "health": ("health", "server_health", "measure"),
}


def read_sections(
    reader: Reader, views: Mapping[str, Collection[str]], packs: Collection[Pack]
) -> dict[str, Awaited]:
    """Has those sections read that no suite asserts over, by name.

    Args:
        reader: what reads them, at the audit's instant.
        views: the columns of each view that there is.
        packs: those that are audited.
    """
    return {
        name: reader.read(
            _shown_of(relation, views[relation]), f"order by {order} limit {_MOST_ROWS}"
        )
        for name, (pack, relation, order) in _VIEWS.items()
        if relation in views and pack in packs
    }


def _shown_of(relation: str, columns: Collection[str]) -> str:
    """The view, or a query of it without the columns that are left out."""
    if relation not in _LEFT_OUT:
        return relation
    shown = ", ".join(sorted(set(columns) - _LEFT_OUT[relation]))
    return f"(select {shown} from {relation})"  # noqa: S608


def gather_sections(
    reading: Mapping[str, Awaited], outcomes: Iterable[SuiteOutcome]
) -> dict[str, Sequence[Row]]:
    """The sections of the report, by name. One that cannot be read is left out, and logged.

    Args:
        reading: what `read_sections` has begun.
        outcomes: what the suites came to; a summary's rows are taken from them.
    """
    sections: dict[str, Sequence[Row]] = {}
    for name, read in reading.items():
        try:
            sections[name] = read().rows
        except sa.exc.DBAPIError as cause:
            log.warning("%s cannot be read: %s", _VIEWS[name][1], first_line(cause.orig))
    for outcome in outcomes:
        if outcome.suite.relation in _SUMMARIES:
            sections[_SUMMARIES[outcome.suite.relation]] = outcome.summary
    return sections
