"""What a report shows besides its checks: rows of the views, as the packs' reports name them."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from counterfoil.common.text import first_line
from counterfoil.contract.packs import Pack
from counterfoil.postgres.rows import Awaited, Reader, Row
from counterfoil.suites.names import rows_of
from counterfoil.suites.pack_report import PackReport, Rows
from counterfoil.suites.validator import SuiteOutcome

log = logging.getLogger(__name__)

# Beyond this a report would not be read; analysts have the view.
_MOST_ROWS = 200


def read_sections(
    reader: Reader,
    reports: Iterable[PackReport],
    views: Mapping[str, Collection[str]],
    packs: Collection[Pack],
    ledgers: Sequence[str],
) -> dict[str, list[Awaited]]:
    """Has those rows read that no suite asserts over, by name; of ledgers one after the other.

    Args:
        reader: what reads them, at the audit's instant.
        reports: what each pack shows.
        views: the columns of each view that there is.
        packs: those that are audited.
        ledgers: the names of the contract's.
    """
    return {
        name: [
            reader.read(
                [_shown_of(rows, views[rows.view], f"{rows_of(ledger)} and ({rows.where})")],
                f"order by {rows.order} limit {_MOST_ROWS}",
            )
            # A ledger that cannot be read takes no other with it.
            for ledger in (ledgers if report.pack == "ledger" else (None,))
        ]
        for report in reports
        if report.pack in packs
        for name, rows in report.rows.items()
        if rows.order and rows.view in views
    }


def _shown_of(rows: Rows, columns: Collection[str], condition: str) -> str:
    """A query of the view's rows, without the columns that are left out.

    Where rows have a key, those to show are found by it first: what is costly of a row, such as
    why a balance is off, Postgres would compute for all rows before it sorts them.
    """
    shown = ", ".join(sorted(set(columns) - rows.leave_out))
    query = f"select {shown} from {rows.view} where {condition}"  # noqa: S608
    if rows.key:
        # As one value that is looked up in: of a query, or of what is unnested, Postgres guesses
        # how many rows it has, and then looks through all of them for each row of the view.
        key = f"row({', '.join(rows.key)})::text"
        first = (
            f"select {key} as key from {rows.view} where {condition}"  # noqa: S608
            f" order by {rows.order} limit {_MOST_ROWS}"
        )
        keys = f"select jsonb_object_agg(key, true) from ({first}) as first"  # noqa: S608
        query = f"{query} and jsonb_exists(({keys}), {key})"
    return f"({query})"


def gather_sections(
    reading: Mapping[str, Iterable[Awaited]],
    reports: Iterable[PackReport],
    outcomes: Iterable[SuiteOutcome],
) -> dict[str, Sequence[Row]]:
    """The rows that a report shows, by name. Those that cannot be read are left out, and logged.

    Args:
        reading: what `read_sections` has begun.
        reports: what each pack shows.
        outcomes: what the suites came to; a summary's rows are taken from them.
    """
    sections: dict[str, Sequence[Row]] = {}
    for name, reads in reading.items():
        for read in reads:
            try:
                sections[name] = [*sections.get(name, ()), *read().rows]
            except sa.exc.DBAPIError as cause:
                log.warning("The rows of %s cannot be read: %s", name, first_line(cause.orig))
    summaries: dict[str, list[Row]] = {}
    for outcome in outcomes:
        summaries.setdefault(outcome.suite.relation, []).extend(outcome.summary)
    for report in reports:
        for name, rows in report.rows.items():
            if rows.order is None and rows.view in summaries:
                sections[name] = [
                    {key: value for key, value in row.items() if key not in rows.leave_out}
                    for row in summaries[rows.view]
                ]
    return sections
