"""The ledger's closed days: what they held, kept to be held against.

A day (UTC) closes when no transaction that began on it can still be open. What its entries
came to is its baseline; a later change of it is a finding, until a waiver accepts it, or it
turns out to be what a repair plan said it would do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import HistoryError
from counterfoil.contract.contract import Contract
from counterfoil.postgres.instant import Instant, pinned_engine
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of

CHECK_ID = "capacity.closed_days_unchanged"

# Beyond this many bytes the days of a first audit go to disk.
_IN_MEMORY = 1 << 20

_SETTLEMENT = f"""
    select settled_through::text, stated_change_count from {PUBLIC_SCHEMA}.ledger_settlement
"""  # noqa: S608
_CLOSING = f"""
    copy (
        select active_on, competition_id, entry_count, ledger_tokens, entries_hash
        from {PUBLIC_SCHEMA}.closing_days
    ) to stdout
"""  # noqa: S608
_STATED = f"""
    select active_on, competition_id, entry_count, ledger_tokens, entries_hash, stated_by
    from {PUBLIC_SCHEMA}.closed_day_changes
    where stated_by is not null
"""  # noqa: S608


class Day(NamedTuple):
    """What a day of a competition comes to; a deduction is negative."""

    day: str
    competition_id: str
    entry_count: int
    ledger_tokens: int
    entries_hash: str


@dataclass(frozen=True)
class ClosedDays:
    """The days that close with an audit, and the changes that a repair plan stated.

    Attributes:
        through: the last day that is closed now, as Postgres writes it; None if none is.
        closing: COPY text of the days that were open before.
        stated: what they come to now, and the plans that said so.
    """

    through: str | None
    closing: IO[bytes]
    stated: tuple[tuple[Day, str], ...]


def read_closed_days(instant: Instant, contract: Contract) -> ClosedDays | None:
    """The closed days at an instant; None if the contract has no capacity ledger.

    Raises:
        HistoryError: the views cannot be read.
        UnavailableError: the connection was lost.
    """
    if "capacity" not in contract.packs:
        return None
    closing = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - read once the audit is recorded
    try:
        with pinned_engine(instant) as engine, engine.connect() as connection:
            through, stated_count = connection.execute(sa.text(_SETTLEMENT)).one()
            # To look for them is a pass over the ledger.
            stated = connection.execute(sa.text(_STATED)).all() if stated_count else []
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, psycopg2.extensions.connection)
            with driver.cursor() as cursor:
                try:
                    cursor.copy_expert(_CLOSING, closing)
                except psycopg2.Error:
                    if driver.closed:
                        # SQLAlchemy did not see that, and the instant hears of it from there.
                        connection.execute(sa.text("select 1"))
                    raise
    except (sa.exc.DBAPIError, psycopg2.Error) as cause:
        instant.check_unbroken()
        raise HistoryError(
            f"the closed days cannot be read: {words_of(cause)}",
            where=PUBLIC_SCHEMA,
            remedy="Correct what Postgres names, and run the audit again",
        ) from None
    return ClosedDays(
        through,
        closing,
        tuple((Day(str(row[0]), *row[1:5]), row[5]) for row in stated),
    )


def record_closed_days(cursor: Cursor, audit: Audit, days: ClosedDays) -> None:
    """Accepts what is stated or waived, and closes what can be closed."""
    for now, plan_ids in days.stated:
        _accept(cursor, audit, now, f"plan {plan_ids}", plan_ids.split(", "))
    for check in audit.checks:
        if check.check_id == CHECK_ID:
            for finding in check.findings:
                if finding.waiver is not None:
                    now = Day(
                        str(finding.key["active_on"]),
                        str(finding.key["competition_id"]),
                        finding.observed["entry_count"],
                        finding.observed["ledger_tokens"],
                        finding.observed["entries_hash"],
                    )
                    # Whatever was stated of the day may be in the new baseline: none holds twice.
                    _accept(cursor, audit, now, f"waiver: {finding.waiver.reason}", None)
    if days.through is None:
        return
    cursor.execute(
        "create temporary table closing (day date, competition_id text, entry_count bigint,"
        " ledger_tokens bigint, entries_hash numeric) on commit drop"
    )
    # From its start: what could not be recorded is tried again.
    days.closing.seek(0)
    cursor.copy_expert("copy closing from stdin", days.closing)
    # A day that another audit has closed meanwhile keeps its baseline.
    cursor.execute(
        "insert into closed_days (database_name, day, competition_id, entry_count, ledger_tokens,"
        " entries_hash, closed_at) select %s, day, competition_id, entry_count, ledger_tokens,"
        " entries_hash, %s from closing"
        " where day > coalesce((select day from closed_through where database_name = %s),"
        "  '-infinity') or not exists (select from closed_through where database_name = %s)"
        " on conflict do nothing",
        (audit.database, audit.snapshot_at, audit.database, audit.database),
    )
    cursor.execute(
        "update closed_days set entries_hash = closing.entries_hash from closing"
        " where closed_days.database_name = %s and closed_days.entries_hash is null"
        " and (closed_days.day, closed_days.competition_id, closed_days.entry_count,"
        "  closed_days.ledger_tokens) = (closing.day, closing.competition_id,"
        "  closing.entry_count, closing.ledger_tokens)",
        (audit.database,),
    )
    cursor.execute(
        "insert into closed_through (database_name, day, closed_at) values (%s, %s, %s)"
        " on conflict (database_name) do update"
        " set day = excluded.day, closed_at = excluded.closed_at"
        " where closed_through.day < excluded.day",
        (audit.database, days.through, audit.snapshot_at),
    )


def _accept(
    cursor: Cursor,
    audit: Audit,
    now: Day,
    because: str,
    plan_ids: Sequence[str] | None,
) -> None:
    """Makes what a day comes to its baseline; what these plans stated of it (None: any) is used."""
    cursor.execute(
        "insert into closed_days (database_name, day, competition_id, entry_count, ledger_tokens,"
        " entries_hash, closed_at, accepted_because) values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (database_name, day, competition_id) do update set"
        " entry_count = excluded.entry_count, ledger_tokens = excluded.ledger_tokens,"
        " entries_hash = excluded.entries_hash, closed_at = excluded.closed_at,"
        " accepted_because = excluded.accepted_because",
        (audit.database, *now, audit.snapshot_at, because),
    )
    cursor.execute(
        "update stated_changes set accepted_at = %s where database_name = %s and day = %s"
        " and competition_id = %s and accepted_at is null"
        " and plan_id = any(coalesce(%s, array[plan_id]))",
        (audit.snapshot_at, audit.database, now.day, now.competition_id, plan_ids),
    )
