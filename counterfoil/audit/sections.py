"""What a report shows besides its checks: rows of the views, as the packs' reports name them."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from counterfoil.common.text import first_line
from counterfoil.contract.packs import Pack
from counterfoil.postgres.rows import Awaited, Reader, Row
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
) -> dict[str, Awaited]:
    """Has those rows read that no suite asserts over, by name.

    Args:
        reader: what reads them, at the audit's instant.
        reports: what each pack shows.
        views: the columns of each view that there is.
        packs: those that are audited.
    """
    return {
        name: reader.read(
            [_shown_of(rows, views[rows.view])], f"order by {rows.order} limit {_MOST_ROWS}"
        )
        for report in reports
        if report.pack in packs
        for name, rows in report.rows.items()
        if rows.order and rows.view in views
    }


def _shown_of(rows: Rows, columns: Collection[str]) -> str:
    """The view, or a query of it without the columns that are left out.

    Where rows have a key, those to show are found by it first: what is costly of a row, such as
    why a balance is off, Postgres would compute for all rows before it sorts them.
    """
    if not rows.leave_out and not rows.key:
        return rows.view
    shown = ", ".join(sorted(set(columns) - rows.leave_out))
    query = f"select {shown} from {rows.view}"  # noqa: S608
    if rows.key:
        # As an array of texts: of a query Postgres guesses how many rows it has, and of keys with
        # a column that is the same in all rows it guesses one; it then looks through them for each
        # row of the view.
        key = f"row({', '.join(rows.key)})::text"
        first = f"select {key} from {rows.view} order by {rows.order} limit {_MOST_ROWS}"  # noqa: S608
        query = f"{query} where {key} in (select unnest(array({first})))"
    return f"({query})"


def gather_sections(
    reading: Mapping[str, Awaited],
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
    for name, read in reading.items():
        try:
            sections[name] = read().rows
        except sa.exc.DBAPIError as cause:
            log.warning("The rows of %s cannot be read: %s", name, first_line(cause.orig))
    summaries = {outcome.suite.relation: outcome.summary for outcome in outcomes}
    for report in reports:
        for name, rows in report.rows.items():
            if rows.order is None and rows.view in summaries:
                sections[name] = [
                    {key: value for key, value in row.items() if key not in rows.leave_out}
                    for row in summaries[rows.view]
                ]
    return sections
