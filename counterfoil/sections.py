"""What a report shows besides its checks: the summaries, as they were asserted over."""

import logging
from collections.abc import Collection, Iterable

import sqlalchemy as sa

from counterfoil.contract import Pack
from counterfoil.text import first_line
from counterfoil.validate import Row, SuiteOutcome, fetch_rows

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


def fetch_sections(
    connection: sa.Connection,
    outcomes: Iterable[SuiteOutcome],
    views: Collection[str],
    packs: Collection[Pack],
) -> dict[str, list[Row]]:
    """The sections of the report, by name. One that cannot be read is left out, and logged.

    Args:
        connection: one that sees the audit's instant.
        outcomes: what the suites came to; a summary's rows are taken from them.
        views: the views that there are.
        packs: those that are audited.
    """
    sections = {}
    for name, (pack, relation, order) in _VIEWS.items():
        if relation not in views or pack not in packs:
            continue
        try:
            sections[name] = fetch_rows(
                connection, relation, f"order by {order} limit {_MOST_ROWS}"
            )
        except sa.exc.DBAPIError as cause:
            connection.rollback()
            log.warning("%s cannot be read: %s", relation, first_line(cause.orig))
    for outcome in outcomes:
        if outcome.suite.relation in _SUMMARIES:
            sections[_SUMMARIES[outcome.suite.relation]] = list(outcome.summary)
    return sections
