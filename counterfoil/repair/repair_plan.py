"""What a repair would do, read from the reconciliation views at one instant.

Two things can be wrong when a balance and its entries disagree. Either the balance is right and
the trail is not (a hold was never entered): `backfill` inserts what is missing, and leaves the
balance. Or the trail is right and the balance is not: `recalculate` sets the balance to what
the entries come to, and leaves them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from counterfoil.common.errors import RepairError
from counterfoil.contract.compiled_ledgers import compiled_block, compiled_ledger
from counterfoil.contract.contract import Contract
from counterfoil.postgres.instant import Instant
from counterfoil.repair.evidence import AccountKey, Amount, Evidence, read_evidence
from counterfoil.repair.strategies import Request, Strategy

_IF_NAMED = ". Name it with --account to recalculate it all the same"


@dataclass(frozen=True)
class Balance:
    """What is stored of an account, and what its entries come to."""

    stored: Amount | None
    entry_count: int
    entries_amount: Amount


@dataclass(frozen=True)
class AccountChange:
    """An account that the plan touches, as it is and as it is to be.

    Attributes:
        key: which it is.
        word: what its ledger calls an account.
        unit: what the amounts count.
        label: its name.
        opening: what its balance began with; null in a broken row.
        before: what the plan saw.
        after: what it is to be.
        columns_before, columns_after: by column of its table, what recalculating changes, as
            text; empty where no balance is set.
    """

    key: AccountKey
    word: str
    unit: str
    label: str
    opening: Amount | None
    before: Balance
    after: Balance
    columns_before: dict[str, str | None]
    columns_after: dict[str, str | None]

    @property
    def name(self) -> str:
        """It, as a sentence names it."""
        return f"{self.word} {self.key.account}"

    @property
    def place(self) -> str:
        """Its ledger, and its balance unless that is called what it counts."""
        ledger, balance, _ = self.key
        return ledger if balance == self.unit else f"{ledger} {balance}"

    @property
    def discrepancies(self) -> tuple[Amount | None, Amount | None]:
        """Stored minus expected, before and after."""
        return self._discrepancy(self.before), self._discrepancy(self.after)

    def _discrepancy(self, balance: Balance) -> Amount | None:
        if self.opening is None or balance.stored is None:
            return None
        return balance.stored - (self.opening + balance.entries_amount)

    def reversed(self) -> "AccountChange":
        """The change that takes this one back."""
        return replace(
            self,
            before=self.after,
            after=self.before,
            columns_before=self.columns_after,
            columns_after=self.columns_before,
        )


@dataclass(frozen=True)
class MissingEntry:
    """An entry to insert, and the hold that it is for as the plan saw it.

    Attributes:
        key: of the account that it is booked on.
        entries, holds: as the contract names them.
        hold, hold_label, hold_status, hold_amount: the hold.
        hold_word: what its ledger calls a hold.
        unit: what the amounts count.
        entry: its key; None where the table makes its own.
        change_amount: its amount, as the ledger reads it.
        counted_amount: what it adds to the balance.
        reason, created_at: as the ledger reads them; the instant as JSON has it.
        day: its day (UTC), if it has one.
        is_of_closed_day: whether that was over when the plan was made, and days close.
        row_values: a JSON object by column of its table, as Postgres wrote it.
    """

    key: AccountKey
    entries: str
    holds: str
    hold: str
    hold_label: str | None
    hold_status: str | None
    hold_amount: Amount
    hold_word: str
    unit: str
    entry: str | None
    change_amount: Amount
    counted_amount: Amount
    reason: str | None
    created_at: str | None
    day: str | None
    is_of_closed_day: bool
    row_values: str


@dataclass(frozen=True)
class ClosedDayChange:
    """What a closed day (UTC) of an account's entries gains."""

    ledger: str
    entries: str
    day: str
    account: str
    gained: tuple[MissingEntry, ...]

    @property
    def entries_amount(self) -> Amount:
        """Their sum."""
        return sum((entry.change_amount for entry in self.gained), start=0)


@dataclass(frozen=True)
class Statement:
    """What an earlier plan stated of closed days of an account, and no audit has met yet."""

    plan_id: str
    ledger: str
    account: str
    is_carried_out: bool


@dataclass(frozen=True)
class RepairPlan:
    """What a repair would do, and what a reader must know before running it.

    Attributes:
        strategy: backfill or recalculate.
        contract: the database's, with its ledgers as SQL.
        as_of: the instant that the plan saw.
        accounts: those it touches, by key.
        entries: the entries it inserts, by account and time; none if it recalculates.
        warnings: what it leaves wrong, or makes worse, as sentences.
        statements: what earlier plans stated of the accounts that it touches.
    """

    strategy: Strategy
    contract: Contract
    as_of: datetime
    accounts: tuple[AccountChange, ...]
    entries: tuple[MissingEntry, ...]
    warnings: tuple[str, ...]
    statements: tuple[Statement, ...] = ()

    @property
    def closed_days(self) -> tuple[ClosedDayChange, ...]:
        """What it changes of days that were over when it was made."""

        def day(entry: MissingEntry) -> tuple[str, str, str, str]:
            return entry.key.ledger, entry.entries, entry.day or "", entry.key.account

        closed = sorted((entry for entry in self.entries if entry.is_of_closed_day), key=day)
        return tuple(ClosedDayChange(*key, tuple(group)) for key, group in groupby(closed, day))


def plan_repair(
    instant: Instant,
    contract: Contract,
    request: Request,
) -> RepairPlan:
    """The repair of the accounts named, or of all that need one.

    Args:
        instant: what is repaired, its views built.
        contract: what the database promises, with its ledgers as SQL.
        request: how, and what of it.

    Raises:
        RepairError: there is nothing to repair in that way, a ledger or an account is not
            there, or the views cannot be read.
    """
    _check_ledger(contract, request.ledger)
    named = tuple(map(_normal, request.accounts))
    evidence = read_evidence(instant, contract, replace(request, accounts=named))
    for given, account in zip(request.accounts, named, strict=True):
        if account not in evidence.known_accounts:
            raise RepairError(
                f"no account '{given}'",
                where="--account",
                remedy="Take its key from the view ledger_balances",
            )
    plan = RepairPlan(
        strategy=request.strategy,
        contract=contract,
        as_of=instant.as_of.astimezone(UTC),
        accounts=(),
        entries=(),
        warnings=(),
    )
    planned = _backfill if request.strategy == "backfill" else _recalculate
    plan = planned(plan, evidence)
    touched = {(change.key.ledger, change.key.account) for change in plan.accounts}
    earlier = tuple(
        Statement(row.plan_id, row.ledger, row.account, row.is_carried_out)
        for row in evidence.statements
        if (row.ledger, row.account) in touched
    )
    return replace(plan, statements=earlier)


def _check_ledger(contract: Contract, ledger: str | None) -> None:
    if "ledger" not in contract.packs:
        raise RepairError(
            "no ledger to repair",
            where=f"contract of {contract.database}",
            remedy="Name ledger in its packs",
        )
    if ledger is not None and ledger not in contract.ledgers:
        raise RepairError(
            f"no ledger '{ledger}'",
            where="--ledger",
            remedy=f"Use one of: {', '.join(contract.ledgers)}",
        )


def _normal(key: str) -> str:
    """A key as Postgres writes it: a uuid in small letters."""
    try:
        return str(UUID(key))
    except ValueError:
        return key


def _backfill(plan: RepairPlan, evidence: Evidence) -> RepairPlan:
    if not plan.contract.declares("ledgers.write"):
        raise RepairError(
            "nothing to backfill: no ledger says how a missing entry is written",
            where=f"contract of {plan.contract.database}",
            remedy="Add write to its entries",
        )
    warnings, entries = [], []
    for row in evidence.missing:
        if fault := _unwritable(plan.contract, row):
            warnings.append(f"{_hold_of(plan.contract, row)} is left out: {fault}")
        else:
            entries.append(_missing_entry(plan, row))
    if not entries:
        raise RepairError(
            f"nothing to backfill: {'; '.join(warnings) or 'every hold has its entry'}"
        )
    changes = []
    for key, balance in evidence.balances.items():
        own = [entry for entry in entries if entry.key == key]
        if own:
            before = _balance(balance)
            after = replace(
                before,
                entry_count=before.entry_count + len(own),
                entries_amount=before.entries_amount
                + sum((entry.counted_amount for entry in own), start=0),
            )
            changes.append(_change(plan, key, balance, before, after))
    warnings += _risks(
        evidence, (compiled_block(plan.contract, one.key.ledger, one.entries) for one in entries)
    )
    for change in changes:
        off_before, off_after = change.discrepancies
        if off_after != 0:
            warnings.append(
                f"{change.name} is off by {spoken(off_before)} and will be off by"
                f" {spoken(off_after)}: its balance did not follow these holds, or something else"
                " is wrong too"
            )
    return replace(plan, accounts=tuple(changes), entries=tuple(entries), warnings=tuple(warnings))


def _hold_of(contract: Contract, row: sa.Row[Any]) -> str:
    return f"{contract.ledgers[row.ledger].words.hold} {row.hold}"


def _unwritable(contract: Contract, row: sa.Row[Any]) -> str | None:
    """Why the entry that a hold lacks cannot be written; None if it can."""
    has_time = contract.ledgers[row.ledger].entries[row.entries].at is not None
    if has_time and not row.is_dated:
        return "it has no known time to date its entry by"
    if not row.names_hold:
        return "an entry as the contract writes it does not name it"
    if (row.entry_account, row.counted_amount) != (row.account, row.missing_amount):
        return (
            f"an entry as the contract writes it adds {spoken(row.counted_amount)} to"
            f" {row.entry_account}, and {spoken(row.missing_amount)} is missing on {row.account}"
        )
    return None


def _missing_entry(plan: RepairPlan, row: sa.Row[Any]) -> MissingEntry:
    ledger = plan.contract.ledgers[row.ledger]
    return MissingEntry(
        key=AccountKey(row.ledger, row.balance, row.account),
        entries=row.entries,
        holds=row.holds,
        hold=row.hold,
        hold_label=row.hold_label,
        hold_status=row.hold_status,
        hold_amount=row.hold_amount,
        hold_word=ledger.words.hold,
        unit=ledger.words.unit,
        entry=row.entry,
        change_amount=row.change_amount,
        counted_amount=row.counted_amount,
        reason=row.reason,
        created_at=row.created_at,
        day=row.day,
        is_of_closed_day=ledger.closes(row.entries) and bool(row.is_past),
        row_values=row.row_values,
    )


def _recalculate(plan: RepairPlan, evidence: Evidence) -> RepairPlan:
    warnings, changes = [], []
    for key, rows in evidence.recalculable.items():
        balance = evidence.balances[key]
        account = f"{balance.account_word} {key.account}"
        if len(plan.contract.ledgers[key.ledger].balances) > 1:
            account += f" ({key.balance})"
        unsettable = _unsettable(evidence, key, rows)
        unproven = _unproven(plan.contract, evidence, key)
        if unsettable or (unproven and not evidence.is_named):
            warnings.append(f"{account} is left out: {unsettable or unproven}")
            continue
        if unproven:
            warnings.append(f"{account}: {unproven}")
        before = _balance(balance)
        after = replace(before, stored=balance.expected_amount)
        change = _change(plan, key, balance, before, after)
        changes.append(
            replace(
                change, columns_before=rows[0].values_before, columns_after=rows[0].values_after
            )
        )
    if not changes:
        reason = "; ".join(warnings) or "the balances agree with their entries"
        raise RepairError(f"nothing to recalculate: {reason}")
    warnings += _risks(
        evidence, (compiled_ledger(plan.contract, one.key.ledger)["accounts"] for one in changes)
    )
    return replace(plan, accounts=tuple(changes), warnings=tuple(warnings))


def _unsettable(evidence: Evidence, key: AccountKey, rows: Sequence[sa.Row[Any]]) -> str | None:
    """Why a balance cannot be set to its entries, whoever asks for it; None if it can."""
    if len(rows) > 1:
        return f"it has {len(rows)} rows, and nobody can say which of them is wrong"
    if not rows[0].values_after:
        return "the contract does not say which column to set: add repair to its balance"
    expected = evidence.balances[key].expected_amount
    if expected is None:
        return "its opening is null"
    if not Decimal(expected).is_finite():
        return "what its entries come to is no finite number: correct them first"
    if all(evidence.blames(key)):
        return "what explains it points to both sides: correct the entries first"
    return None


def _unproven(contract: Contract, evidence: Evidence, key: AccountKey) -> str | None:
    """Why nobody knows that an account's entries are right; None if the evidence says so."""
    lacking = [row for row in evidence.missing if (row.ledger, row.balance, row.account) == key]
    if lacking:
        words = contract.ledgers[key.ledger].words
        others = f" and {len(lacking) - 1} more have" if len(lacking) > 1 else " has"
        amount = sum(row.hold_amount for row in lacking)
        return (
            f"{words.hold} {lacking[0].hold}{others} no entry ({amount} {words.unit}):"
            " recalculated, its balance would leave that out. Backfill first"
        )
    _, blames_entries = evidence.blames(key)
    if blames_entries:
        return "its entries are what is wrong, by what explains it: correct them first"
    if not evidence.proves_entries(key):
        advice = "" if evidence.is_named else _IF_NAMED
        return (
            f"nothing on record proves that its entries are right, nor that its balance is{advice}"
        )
    return None


def _risks(evidence: Evidence, written: Iterable[Mapping[str, Any]]) -> list[str]:
    """What of the tables that are written does not follow, or follows unasked."""
    tables = dict.fromkeys(part["table"] for part in written)
    return [f"{table}: {words}" for table in tables for words in evidence.followers[table]]


def _balance(row: sa.Row[Any]) -> Balance:
    return Balance(row.stored_amount, row.entry_count, row.entries_amount)


def _change(
    plan: RepairPlan, key: AccountKey, row: sa.Row[Any], before: Balance, after: Balance
) -> AccountChange:
    return AccountChange(
        key=key,
        word=row.account_word,
        unit=plan.contract.ledgers[key.ledger].words.unit,
        label=row.account_label,
        opening=row.opening_amount,
        before=before,
        after=after,
        columns_before={},
        columns_after={},
    )


def spoken(amount: Amount | None) -> str:
    """A signed amount; what is not known is shown as such."""
    return "unknown" if amount is None else f"{amount:+}" if amount else "0"
