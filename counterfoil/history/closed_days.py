"""The closed days of ledgers: what they held, kept to be held against.

A day (UTC) closes when no transaction that began on it can still be open. What its entries
came to is its baseline; a later change of it is a finding, until a waiver accepts it, or it
turns out to be what a repair plan said it would do.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.sqltext import literal
from counterfoil.contract.contract import Contract
from counterfoil.postgres.instant import Instant, pinned_engine
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of

log = logging.getLogger(__name__)

CHECK_ID = "ledger.closed_days_unchanged"

# Beyond this many bytes the days of a first audit go to disk.
_IN_MEMORY = 1 << 20

_DAY = "ledger, entries, day, account, entry_count, entries_amount, entries_hash"
_SETTLEMENT = f"""
    select
        ledger,
        entries,
        settled_through::text,
        exists (
            select from {PUBLIC_SCHEMA}.standing_statements as stated
            where stated.ledger = ledger_settlement.ledger
        ) as is_stated
    from {PUBLIC_SCHEMA}.ledger_settlement
    where ledger = {{ledger}}
"""  # noqa: S608
_CLOSING = f"""
    copy (select {_DAY} from {PUBLIC_SCHEMA}.closing_days where ledger = {{ledger}}) to stdout
"""  # noqa: S608
_STATED = f"""
    select {_DAY}, stated_by from {PUBLIC_SCHEMA}.closed_day_changes
    where ledger = {{ledger}} and stated_by is not null
"""  # noqa: S608


class Day(NamedTuple):
    """What a day of an account's entries comes to."""

    ledger: str
    entries: str
    day: str
    account: str
    entry_count: int
    entries_amount: Decimal
    entries_hash: str


@dataclass(frozen=True)
class ClosedDays:
    """The days that close with an audit, and the changes that a repair plan stated.

    Attributes:
        through: by ledger and entries, the last day that is closed now, as Postgres writes it;
            None if none is.
        closing: COPY text of the days that were open before.
        stated: what they come to now, and the plans that said so.
    """

    through: Mapping[tuple[str, str], str | None]
    closing: IO[bytes]
    stated: tuple[tuple[Day, str], ...]


def read_closed_days(instant: Instant, contract: Contract) -> ClosedDays | None:
    """The closed days at an instant; None if those of no ledger close.

    Of a ledger whose days cannot be read, which is logged, none closes with this audit.

    Raises:
        UnavailableError: the connection was lost.
    """
    if "ledger" not in contract.packs or not contract.declares("ledgers.closed_days"):
        return None
    through: dict[tuple[str, str], str | None] = {}
    closing = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - read once the audit is recorded
    stated: list[tuple[Day, str]] = []
    with pinned_engine(instant) as engine, engine.connect() as connection:
        for name, ledger in contract.ledgers.items():
            if not ledger.declares("closed_days"):
                continue
            begins_at = closing.tell()
            try:
                settled, changed = _read_ledger(connection, name, closing)
            except (sa.exc.DBAPIError, psycopg2.Error) as cause:
                instant.check_unbroken()
                log.warning("No day of ledger %s is closed now: %s", name, words_of(cause))
                closing.truncate(begins_at)
                closing.seek(begins_at)
            else:
                through |= settled
                stated += changed
            connection.rollback()
    return ClosedDays(through, closing, tuple(stated))


def _read_ledger(
    connection: sa.Connection, name: str, closing: IO[bytes]
) -> tuple[dict[tuple[str, str], str | None], list[tuple[Day, str]]]:
    """Of one ledger, what is closed now and what was stated of it; the rest goes to `closing`."""
    ledger = literal(name)
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, psycopg2.extensions.connection)

    def rows(query: str) -> Sequence[sa.Row[Any]]:
        # Without parameters a percent sign in the name is one.
        once = {"no_parameters": True}
        found = connection.exec_driver_sql(query.format(ledger=ledger), execution_options=once)
        return found.all()

    settled = rows(_SETTLEMENT)
    # To look for them is a pass over the entries.
    stated = rows(_STATED) if any(row.is_stated for row in settled) else ()
    with driver.cursor() as cursor:
        try:
            cursor.copy_expert(_CLOSING.format(ledger=ledger), closing)
        except psycopg2.Error:
            if driver.closed:
                # SQLAlchemy did not see that, and the instant hears of it from there.
                connection.execute(sa.text("select 1"))
            raise
    return (
        {(row.ledger, row.entries): row.settled_through for row in settled},
        [(Day(*row[:2], str(row[2]), *row[3:7]), row[7]) for row in stated],
    )


def record_closed_days(cursor: Cursor, audit: Audit, days: ClosedDays) -> None:
    """Accepts what is stated or waived, and closes what can be closed."""
    for now, plan_ids in days.stated:
        _accept(cursor, audit, now, f"plan {plan_ids}", plan_ids.split(", "))
    for check in audit.checks:
        if check.check_id == CHECK_ID:
            for finding in check.findings:
                if finding.waiver is not None:
                    said = {**finding.key, **finding.observed}
                    now = Day(**{name: said[name] for name in Day._fields})
                    # Whatever was stated of the day may be in the new baseline: none holds twice.
                    _accept(cursor, audit, now, f"waiver: {finding.waiver.reason}", None)
    cursor.execute(
        "create temporary table closing (ledger text, entries text, day date, account text,"
        " entry_count bigint, entries_amount numeric, entries_hash numeric) on commit drop"
    )
    # From its start: what could not be recorded is tried again.
    days.closing.seek(0)
    cursor.copy_expert("copy closing from stdin", days.closing)
    # A day that another audit has closed meanwhile keeps its baseline.
    cursor.execute(
        f"insert into closed_days (database_name, closed_at, {_DAY})"  # noqa: S608
        f" select %(database)s, %(at)s, {_DAY} from closing where (day <= ("
        "  select closed_through.day from closed_through where database_name = %(database)s"
        "  and closed_through.ledger = closing.ledger"
        "  and closed_through.entries = closing.entries"
        " )) is not true on conflict do nothing",
        {"database": audit.database, "at": audit.snapshot_at},
    )
    cursor.execute(
        "update closed_days set entries_hash = closing.entries_hash from closing"
        " where closed_days.database_name = %s and closed_days.entries_hash is null"
        " and (closed_days.ledger, closed_days.entries, closed_days.day, closed_days.account,"
        "  closed_days.entry_count, closed_days.entries_amount) = (closing.ledger,"
        "  closing.entries, closing.day, closing.account, closing.entry_count,"
        "  closing.entries_amount)",
        (audit.database,),
    )
    for (ledger, entries), through in days.through.items():
        cursor.execute(
            "insert into closed_through (database_name, ledger, entries, day, closed_at)"
            " select %s, %s, %s, day, %s from (select %s::date as day) as settled"
            " where day is not null"
            " on conflict (database_name, ledger, entries) do update"
            " set day = excluded.day, closed_at = excluded.closed_at"
            " where closed_through.day < excluded.day",
            (audit.database, ledger, entries, audit.snapshot_at, through),
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
        f"insert into closed_days (database_name, {_DAY}, closed_at, accepted_because)"  # noqa: S608
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " on conflict (database_name, ledger, entries, day, account) do update set"
        " entry_count = excluded.entry_count, entries_amount = excluded.entries_amount,"
        " entries_hash = excluded.entries_hash, closed_at = excluded.closed_at,"
        " accepted_because = excluded.accepted_because",
        (audit.database, *now, audit.snapshot_at, because),
    )
    cursor.execute(
        "update stated_changes set accepted_at = %s where database_name = %s"
        " and (ledger, entries, day, account) = (%s, %s, %s::date, %s) and accepted_at is null"
        " and plan_id = any(coalesce(%s, array[plan_id]))",
        (audit.snapshot_at, audit.database, *now[:4], plan_ids),
    )
