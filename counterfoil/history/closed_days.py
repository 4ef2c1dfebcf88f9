"""The closed days of ledgers: what they held, kept to be held against.

A day (UTC) closes when no transaction that began on it can still be open. What its entries
came to is its baseline; a later change of it is a finding, until a waiver accepts it, or it
turns out to be what a repair plan said it would do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any, NamedTuple

import sqlalchemy as sa
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.sqltext import literal
from counterfoil.contract.contract import Contract
from counterfoil.history.by_ledger import copied, read_each
from counterfoil.postgres.instant import Instant
from counterfoil.postgres.schemas import PUBLIC_SCHEMA

CHECK_ID = "ledger.closed_days_unchanged"

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
_CLOSING = f"select {_DAY} from {PUBLIC_SCHEMA}.closing_days where ledger = {{ledger}}"  # noqa: S608
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
    """The days of a ledger that close with an audit, and the changes that a repair plan stated.

    Attributes:
        through: by ledger and entries, the last day that is closed now, as Postgres writes it;
            None if none is.
        closing: COPY text of the days that were open before.
        stated: what they come to now, and the plans that said so.
    """

    through: Mapping[tuple[str, str], str | None]
    closing: IO[bytes]
    stated: tuple[tuple[Day, str], ...]


def read_closed_days(instant: Instant, contract: Contract) -> list[ClosedDays]:
    """The closed days at an instant, of every ledger whose days close.

    Raises:
        UnavailableError: the connection was lost.
    """
    if "ledger" not in contract.packs:
        return []
    closing = (name for name, ledger in contract.ledgers.items() if ledger.declares("closed_days"))
    return read_each(instant, closing, _read_ledger, "no day is closed now")


def _read_ledger(connection: sa.Connection, name: str) -> ClosedDays:
    ledger = literal(name)

    def rows(query: str) -> Sequence[Any]:
        # Without parameters a percent sign in the name is one.
        once = {"no_parameters": True}
        found = connection.exec_driver_sql(query.format(ledger=ledger), execution_options=once)
        return found.all()

    settled = rows(_SETTLEMENT)
    # To look for them is a pass over the entries.
    stated = rows(_STATED) if any(row.is_stated for row in settled) else ()
    return ClosedDays(
        {(row.ledger, row.entries): row.settled_through for row in settled},
        copied(connection, _CLOSING.format(ledger=ledger)),
        tuple((_day(row), row.stated_by) for row in stated),
    )


def _day(row: Any) -> Day:
    values = {name: getattr(row, name) for name in Day._fields}
    return Day(**{**values, "day": str(row.day)})


def record_closed_days(cursor: Cursor, audit: Audit, ledgers: Sequence[ClosedDays]) -> None:
    """Accepts what is stated or waived, and closes what can be closed."""
    for now, plan_ids in (stated for days in ledgers for stated in days.stated):
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
    for days in ledgers:
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
    settled = (block for days in ledgers for block in days.through.items())
    for (ledger, entries), through in settled:
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
