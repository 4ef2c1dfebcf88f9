"""What a repair would do, read from the reconciliation views at one instant.

Two things can be wrong when balance and ledger disagree. Either the balance is right and
the trail is not (an approval was never entered): `backfill` inserts what is missing, and
leaves the balance. Or the trail is right and the balance is not: `recalculate` sets the
balance to what the ledger comes to, and leaves the trail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from counterfoil.common.errors import RepairError
from counterfoil.contract.contract import Capacity, Contract
from counterfoil.postgres.instant import Instant, pinned_engine
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.repair.strategies import Strategy

# Instants as JSON writes them: Python does not know all of Postgres's, and DateStyle may differ
# between the session that plans and the one that runs the script.
_MISSING_ENTRIES = sa.text(f"""
    select
        backfill.ledger_entry_id::text,
        backfill.tenant_id::text,
        backfill.competition_id::text,
        backfill.reservation_id::text,
        reservation.studio_name,
        reservation.status,
        reservation.spaces_confirmed,
        backfill.change_amount,
        backfill.reason,
        to_jsonb(backfill.approved_at) #>> '{{}}' as approved_at,
        backfill.approved_by::text,
        to_char(backfill.approved_at at time zone 'UTC', 'YYYY-MM-DD') as day,
        coalesce(isfinite(backfill.approved_at), false) as is_dated,
        (backfill.approved_at at time zone 'UTC')::date
        < (:as_of at time zone 'UTC')::date as is_of_closed_day
    from {PUBLIC_SCHEMA}.capacity_backfill as backfill
    inner join {PUBLIC_SCHEMA}.reservation_capacity as reservation
        on backfill.reservation_id = reservation.reservation_id
    order by backfill.competition_id, backfill.approved_at, backfill.reservation_id
""")  # noqa: S608

_BALANCES = sa.text(f"""
    select
        competition_id::text,
        competition_name,
        total_tokens,
        available_tokens,
        ledger_entry_count,
        ledger_tokens,
        discrepancy_tokens
    from {PUBLIC_SCHEMA}.competition_balance
    order by competition_id
""")  # noqa: S608

_STATEMENTS = sa.text(f"""
    select plan_id, competition_id, is_carried_out
    from {PUBLIC_SCHEMA}.standing_statements
    order by plan_id, day, competition_id
""")  # noqa: S608


@dataclass(frozen=True)
class Balance:
    """A competition's stored balance, and its ledger in the application's own sign."""

    available: int | None
    entry_count: int
    ledger_amount: int


@dataclass(frozen=True)
class CompetitionChange:
    """A competition that the plan touches, as it is and as it is to be.

    Attributes:
        competition_id: its key.
        name: its name.
        total: its spaces in all; null in a broken row.
        sign: 1 if the ledger's amounts are added to the total, -1 if subtracted.
        before: what the plan saw.
        after: what it is to be.
    """

    competition_id: str
    name: str | None
    total: int | None
    sign: int
    before: Balance
    after: Balance

    @property
    def expected_available(self) -> int | None:
        """What the ledger, as it is to be, says is free."""
        return None if self.total is None else self.total + self.sign * self.after.ledger_amount

    @property
    def discrepancies(self) -> tuple[int | None, int | None]:
        """Stored minus expected, in tokens, before and after."""
        return self._discrepancy(self.before), self._discrepancy(self.after)

    def _discrepancy(self, balance: Balance) -> int | None:
        if self.total is None or balance.available is None:
            return None
        return balance.available - (self.total + self.sign * balance.ledger_amount)

    def reversed(self) -> "CompetitionChange":
        """The change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True)
class MissingEntry:
    """An approval entry to insert, and the reservation that it is for as the plan saw it.

    `approved_at` is as Postgres writes it, in UTC; `day` is its day there. `change_amount`
    is in the application's own sign.
    """

    ledger_entry_id: str
    tenant_id: str | None
    competition_id: str
    reservation_id: str
    studio_name: str | None
    status: str
    spaces_confirmed: int
    change_amount: int
    reason: str
    approved_at: str
    approved_by: str | None
    day: str
    is_of_closed_day: bool


@dataclass(frozen=True)
class ClosedDayChange:
    """What a closed day (UTC) of a competition's ledger gains; the sum in its own sign."""

    day: str
    competition_id: str
    entry_count: int
    amount: int


@dataclass(frozen=True)
class Statement:
    """What an earlier plan stated of a closed day of a competition, and no audit has met yet."""

    plan_id: str
    competition_id: str
    is_carried_out: bool


@dataclass(frozen=True)
class RepairPlan:
    """What a repair would do, and what a reader must know before running it.

    Attributes:
        strategy: backfill or recalculate.
        database: the contract's name for the database.
        schema: the application's schema.
        as_of: the instant that the plan saw.
        competitions: those it touches, by key.
        entries: the entries it inserts, by competition and time; none if it recalculates.
        warnings: what it leaves wrong, or makes worse, as sentences.
        statements: what earlier plans stated of the competitions that it touches.
    """

    strategy: Strategy
    database: str
    schema: str
    as_of: datetime
    competitions: tuple[CompetitionChange, ...]
    entries: tuple[MissingEntry, ...]
    warnings: tuple[str, ...]
    statements: tuple[Statement, ...] = ()

    @property
    def closed_days(self) -> tuple[ClosedDayChange, ...]:
        """What it changes of days that were over when it was made."""

        def day(entry: MissingEntry) -> tuple[str, str]:
            return entry.day, entry.competition_id

        closed = sorted((entry for entry in self.entries if entry.is_of_closed_day), key=day)
        return tuple(
            ClosedDayChange(*key, len(entries), sum(entry.change_amount for entry in entries))
            for key, entries in ((key, list(group)) for key, group in groupby(closed, day))
        )

    def entries_of(self, change: ClosedDayChange) -> list[MissingEntry]:
        """The entries that a closed day gains."""
        key = (change.day, change.competition_id)
        return [entry for entry in self.entries if (entry.day, entry.competition_id) == key]


def plan_repair(
    instant: Instant,
    contract: Contract,
    strategy: Strategy,
    competition_ids: Sequence[str] = (),
) -> RepairPlan:
    """The repair of the competitions named, or of all that need one.

    Args:
        instant: what is repaired, its views built.
        contract: what the database promises.
        strategy: `backfill` or `recalculate`.
        competition_ids: keys of competitions; none for all.

    Raises:
        RepairError: there is nothing to repair in that way, a competition is not there, the
            contract has no capacity ledger, or the views cannot be read.
    """
    if contract.capacity is None or "capacity" not in contract.packs:
        raise RepairError(
            "no capacity ledger to repair",
            where=f"contract of {contract.database}",
            remedy="Name capacity in its packs",
        )
    try:
        with pinned_engine(instant) as engine, engine.connect() as connection:
            balances = {row.competition_id: row for row in connection.execute(_BALANCES)}
            rows = connection.execute(_MISSING_ENTRIES, {"as_of": instant.as_of}).mappings()
            missing = [dict(row) for row in rows]
            statements = [Statement(*row) for row in connection.execute(_STATEMENTS)]
    except sa.exc.DBAPIError as cause:
        raise RepairError(
            f"the views cannot be read: {words_of(cause)}",
            where=f"schema {PUBLIC_SCHEMA}",
            remedy="Grant the role USAGE on the schema, and SELECT on its views",
        ) from None
    chosen = _chosen(competition_ids, balances)
    missing = [row for row in missing if row["competition_id"] in chosen]
    plan = RepairPlan(
        strategy=strategy,
        database=contract.database,
        schema=contract.schema_,
        as_of=instant.as_of.astimezone(UTC),
        competitions=(),
        entries=(),
        warnings=(),
    )
    balances = {key: balance for key, balance in balances.items() if key in chosen}
    planned = _backfill if strategy == "backfill" else _recalculate
    plan = planned(plan, balances, missing, contract.capacity)
    touched = {change.competition_id for change in plan.competitions}
    earlier = tuple(one for one in statements if one.competition_id in touched)
    return replace(plan, statements=earlier)


def _chosen(competition_ids: Sequence[str], balances: Mapping[str, Any]) -> frozenset[str]:
    for given in competition_ids:
        if _normal(given) not in balances:
            raise RepairError(
                f"no competition '{given}'",
                where="--competition",
                remedy="Take its id from the view competition_balance",
            )
    return frozenset(map(_normal, competition_ids)) or frozenset(balances)


def _normal(key: str) -> str:
    """A key as Postgres writes it; what is no uuid is no competition's."""
    try:
        return str(UUID(key))
    except ValueError:
        return key


def _backfill(
    plan: RepairPlan,
    balances: Mapping[str, Any],
    missing: Sequence[Mapping[str, Any]],
    capacity: Capacity,
) -> RepairPlan:
    warnings = [
        f"reservation {row['reservation_id']} is left out: it has no known approved_at to date"
        " its entry by"
        for row in missing
        if not row["is_dated"]
    ]
    entries = tuple(
        MissingEntry(**{key: value for key, value in row.items() if key != "is_dated"})
        for row in missing
        if row["is_dated"]
    )
    if not entries:
        reason = "; ".join(warnings) or "every approval has its entry"
        raise RepairError(f"nothing to backfill: {reason}")
    changes = []
    for competition_id, balance in balances.items():
        amounts = [
            entry.change_amount for entry in entries if entry.competition_id == competition_id
        ]
        if amounts:
            before = _balance(balance, capacity)
            after = replace(
                before,
                entry_count=before.entry_count + len(amounts),
                ledger_amount=before.ledger_amount + sum(amounts),
            )
            changes.append(_change(balance, capacity, before, after))
    for change in changes:
        before_tokens, after_tokens = change.discrepancies
        if after_tokens != 0:
            warnings.append(
                f"competition {change.competition_id} is off by {spoken(before_tokens)} and will"
                f" be off by {spoken(after_tokens)}: its balance did not follow these approvals,"
                " or something else is wrong too"
            )
    return replace(plan, competitions=tuple(changes), entries=entries, warnings=tuple(warnings))


def _recalculate(
    plan: RepairPlan,
    balances: Mapping[str, Any],
    missing: Sequence[Mapping[str, Any]],
    capacity: Capacity,
) -> RepairPlan:
    off = [balance for balance in balances.values() if balance.discrepancy_tokens != 0]
    warnings = [
        f"competition {balance.competition_id} is left out: it has no total"
        for balance in off
        if balance.total_tokens is None
    ]
    changes = []
    for balance in off:
        if balance.total_tokens is not None:
            before = _balance(balance, capacity)
            expected = balance.total_tokens + balance.ledger_tokens
            changes.append(_change(balance, capacity, before, replace(before, available=expected)))
    if not changes:
        reason = "; ".join(warnings) or "the balance agrees with the ledger"
        raise RepairError(f"nothing to recalculate: {reason}")
    for change in changes:
        spaces = [
            row["spaces_confirmed"]
            for row in missing
            if row["competition_id"] == change.competition_id
        ]
        if spaces:
            warnings.append(
                f"competition {change.competition_id} has {len(spaces)} approval(s) without an"
                f" entry, of {sum(spaces)} spaces: recalculated, it offers them to others."
                " Backfill first"
            )
    return replace(plan, competitions=tuple(changes), warnings=tuple(warnings))


def _balance(row: Any, capacity: Capacity) -> Balance:
    return Balance(
        available=row.available_tokens,
        entry_count=row.ledger_entry_count,
        ledger_amount=_sign(capacity) * row.ledger_tokens,
    )


def _change(row: Any, capacity: Capacity, before: Balance, after: Balance) -> CompetitionChange:
    return CompetitionChange(
        competition_id=row.competition_id,
        name=row.competition_name,
        total=row.total_tokens,
        sign=_sign(capacity),
        before=before,
        after=after,
    )


def _sign(capacity: Capacity) -> int:
    return 1 if capacity.deductions_are == "negative" else -1


def spoken(tokens: int | None) -> str:
    """A signed number of tokens; what is not known is shown as such."""
    return "unknown" if tokens is None else f"{tokens:+}" if tokens else "0"
