"""What an audit must say of the rows, worked out row by row.

Written from docs/ledgers.md, in the plainest Python that will do, so that it shares no thought
with the SQL that it judges.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

from ledger_oracle.causes import Anomaly, most_likely
from ledger_oracle.chains import Chain, Link, in_order, without_order
from ledger_oracle.declared import Balance, Books, Entries, Holds, Key, Ledger, Row
from ledger_oracle.shapes import AS_OF, Application

# A check, and the values of a finding's key as text.
Finding = tuple[str, tuple[str | None, ...]]

# The first audit's discrepancy is the opening then: without a history nothing is judged by it.
RECORDED = "recorded"

RAPIDLY = timedelta(seconds=5)


def text_of(values: Key) -> str:
    """How a view writes a key: one value as it is, several as the array that jsonb prints."""
    if len(values) == 1:
        return str(values[0])
    return json.dumps(
        [
            value.astimezone(UTC).replace(tzinfo=None).isoformat()
            if isinstance(value, datetime)
            else value
            for value in values
        ],
        ensure_ascii=False,
    )


@dataclass(eq=False)
class Entry:
    """A row of a block, for one of the accounts that it is joined to."""

    block: str
    declared: Entries
    row: Row

    @cached_property
    def key(self) -> Key:
        return self.declared.key_of(self.row)

    @cached_property
    def account(self) -> Key:
        return self.declared.account_of(self.row)

    @cached_property
    def counts(self) -> bool:
        return self.declared.counts(self.row)

    def value(self, name: str) -> Any:
        """Of an optional column; None where it is not declared."""
        fragment = getattr(self.declared, name)
        return fragment.of(self.row) if fragment else None

    @cached_property
    def at(self) -> datetime | None:
        at: datetime | None = self.value("at")
        return at

    @cached_property
    def hold(self) -> tuple[str, Any] | None:
        """The block of holds and the key that it names; None if it names none."""
        named = [(block, column.of(self.row)) for block, column in self.declared.hold.items()]
        return next(((block, key) for block, key in named if key is not None), None)

    @property
    def order(self) -> tuple[Any, ...]:
        """By time, and where that is the same by key."""
        key = self.key if len(self.key) == 1 else (text_of(self.key),)
        return (self.at or AS_OF, self.block, key)


@dataclass(eq=False)
class Hold:
    """What a hold owes, and the entries that name it."""

    block: str
    declared: Holds
    row: Row
    entries: list[Entry] = field(default_factory=list)

    @property
    def key(self) -> Any:
        return self.row[self.declared.key]

    @property
    def status(self) -> str | None:
        status: str | None = self.declared.status.of(self.row)
        return status

    @property
    def is_judged(self) -> bool:
        return self.status in self.declared.owes

    @property
    def is_released(self) -> bool:
        """Whether its status owes the number 0."""
        return self.is_judged and self.declared.owes[self.status or ""].text == 0

    @property
    def owed(self) -> Any:
        return self.declared.owes[self.status or ""].of(self.row)

    @property
    def amount(self) -> Any:
        return self.declared.amount.of(self.row)

    @property
    def sign(self) -> int:
        """That of what takes: of what it owes in a status that owes something."""
        owed = [fragment.of(self.row) or 0 for fragment in self.declared.owes.values()]
        return 1 if max(owed) > 0 else -1 if min(owed) < 0 else 0


@dataclass(frozen=True)
class Explanation:
    """Why a balance is off. What is not known is not explained.

    Attributes:
        candidates: how many rows would explain by their size alone what is unexplained.
        evidence: each hold and entry that is looked at, with its amount and its role.
    """

    discrepancy: Any
    certain: Any
    ambiguous: Any
    unexplained: Any
    candidates: int = 0
    evidence: Counter[tuple[str, Any, str]] = field(default_factory=Counter)


@dataclass
class Verdict:
    """What an audit must find, and how it must explain what is off."""

    findings: set[Finding] = field(default_factory=set)
    explanations: dict[tuple[str, str, str], Explanation] = field(default_factory=dict)


def audit(app: Application, books: Books) -> Verdict:
    """Everything that an audit must say of the rows."""
    verdict = Verdict()
    for ledger in app.ledgers:
        auditor = Auditor(ledger, books)
        verdict.findings |= auditor.findings()
        verdict.explanations |= auditor.explanations()
    return verdict


class Auditor:
    """Judges the rows of one ledger."""

    def __init__(self, ledger: Ledger, books: Books) -> None:
        self.ledger = ledger
        self.books = books
        self.entries = [
            Entry(block, declared, row)
            for block, declared in ledger.entries.items()
            for row in declared.rows(books)
        ]
        self.counted = [entry for entry in self.entries if entry.counts]
        self.by_key: dict[tuple[str, Key], list[Entry]] = defaultdict(list)
        for entry in self.entries:
            self.by_key[entry.block, entry.key].append(entry)
        self.holds: dict[tuple[str, Any], Hold] = {}
        for block, declared in ledger.holds.items():
            for row in declared.rows(books):
                hold = Hold(block, declared, row)
                self.holds[block, hold.key] = hold
        for entry in self.counted:
            if entry.hold in self.holds:
                self.holds[entry.hold].entries.append(entry)

    # Accounts

    @cached_property
    def accounts(self) -> dict[Key, list[Row]]:
        """The rows of each account that is audited."""
        found: dict[Key, list[Row]] = defaultdict(list)
        declared = self.ledger.accounts
        for row in declared.rows(self.books):
            key = declared.key_of(row)
            if is_key(key) and (declared.where is None or declared.where.of(row) is True):
                found[key].append(row)
        return found

    @cached_property
    def existing(self) -> set[Key]:
        """The accounts that have a row, audited or not."""
        declared = self.ledger.accounts
        return {declared.key_of(row) for row in declared.rows(self.books)}

    # Sums

    @cached_property
    def left_out(self) -> set[Entry]:
        """Reversals that count of originals that do not."""
        return {
            entry
            for entry in self.counted
            if (originals := self.originals(entry))
            and not any(original.counts for original in originals)
        }

    def originals(self, entry: Entry) -> list[Entry]:
        original = entry.value("reverses")
        return [] if original is None else self.by_key.get((entry.block, (original,)), [])

    def amount(self, balance: str, entry: Entry) -> Any:
        """What it adds to the balance: nothing if it does not count."""
        if entry in self.left_out:
            return 0
        return self.ledger.amount_in(balance, entry.block, entry.row)

    def effects(self, balance: str, entry: Entry) -> list[Any]:
        """What it would add by each term of its block, whether or not it counts."""
        return [
            (term.amount or entry.declared.amount).of(entry.row) or 0  # type: ignore[union-attr]
            for term in self.ledger.balances[balance].sum
            if term.entries == entry.block
        ]

    def main_amount(self, entry: Entry) -> Any:
        """The amount that stands in the entry; None if it has none."""
        if entry.declared.amount:
            return entry.declared.amount.of(entry.row)
        for balance in self.ledger.balances.values():
            for term in balance.sum:
                if term.entries == entry.block and term.amount:
                    return term.amount.of(entry.row)
        raise AssertionError(entry.block)

    def entries_of(self, balance: str, key: Key) -> list[Entry]:
        """Those that count in the balance of the account."""
        terms = self.ledger.balances[balance].sum
        return [
            entry
            for entry in self.counted
            if entry.account == key
            and entry not in self.left_out
            and any(
                term.entries == entry.block
                and (term.where is None or term.where.of(entry.row) is True)
                for term in terms
            )
        ]

    def opening(self, balance: Balance, rows: list[Row]) -> Any:
        if balance.opening == RECORDED:
            return None
        if balance.opening is None or isinstance(balance.opening, str):
            return 0
        return known_sum(balance.opening.of(row) for row in rows)

    def expected(self, name: str, key: Key, sign: int = 1) -> Any:
        opening = self.opening(self.ledger.balances[name], self.accounts[key])
        if opening is None:
            return None
        return opening + sign * self.entries_sum(name, key)

    def entries_sum(self, name: str, key: Key) -> Any:
        return sum(self.amount(name, entry) for entry in self.entries_of(name, key))

    def stored(self, name: str, key: Key) -> Any:
        stored = self.ledger.balances[name].stored
        assert stored is not None
        return known_sum(stored.of(row) for row in self.accounts[key])

    def discrepancy(self, name: str, key: Key, sign: int = 1) -> Any:
        """Stored less expected; None where either is not known."""
        stored, expected = self.stored(name, key), self.expected(name, key, sign)
        return None if stored is None or expected is None else stored - expected

    # Findings

    def findings(self) -> set[Finding]:
        checks = [
            self.balances_off,
            self.signs,
            self.ranges,
            self.running_ranges,
            self.overcommitted,
            self.missing_accounts,
            self.broken_chains,
            self.unbalanced_transactions,
            self.bad_reversals,
            self.disagreeing_conditions,
            self.disagreeing_currencies,
            self.entries_without_hold,
            self.entries_of_other_accounts,
            self.bad_reasons,
            self.bad_times,
            self.rapid_repeats,
            self.frozen,
            self.hold_faults,
            self.premature_refunds,
        ]
        found = set()
        for check in checks:
            for check_id, *key in check():
                found.add((f"ledger.{check_id}", (self.ledger.name, *key)))
        return found

    def is_judged(self, balance: Balance) -> bool:
        """Whether there is something to hold against the entries."""
        return balance.stored is not None and balance.opening != RECORDED

    def balances_off(self) -> Iterator[tuple[str, ...]]:
        for name, balance in self.ledger.balances.items():
            if self.is_judged(balance):
                for key, rows in self.accounts.items():
                    off = self.discrepancy(name, key)
                    tolerances = (
                        [balance.tolerance.of(row) or 0 for row in rows]
                        if (balance.tolerance)
                        else [0]
                    )
                    if off is None or abs(off) > max(tolerances):
                        yield "balance_matches_entries", name, text_of(key)
                    if off is None or off != 0:
                        yield "balance_matches_entries_exactly", name, text_of(key)

    def active(self, name: str) -> list[Key]:
        """Accounts that have an entry in the balance."""
        return [key for key in self.accounts if self.entries_of(name, key)]

    def is_sign_wrong(self, name: str) -> bool:
        active = self.active(name)
        declared = sum(self.discrepancy(name, key) == 0 for key in active)
        return sum(self.discrepancy(name, key, sign=-1) == 0 for key in active) > declared

    def is_wrong_as_a_whole(self, name: str) -> bool:
        """Whether its sign, or its unit, would fit over half of the accounts that have entries."""
        active = self.active(name)
        off = [key for key in active if self.discrepancy(name, key)]
        fits = [sum(self.discrepancy(name, key, sign=-1) == 0 for key in off)]
        for factor in map(Decimal, ("100", "1000", "0.01", "0.001")):
            fits.append(
                sum(self.stored(name, key) == self.expected(name, key) * factor for key in off)
            )
        return max(fits) * 2 > len(active)

    def signs(self) -> Iterator[tuple[str, ...]]:
        for name, balance in self.ledger.balances.items():
            if self.is_judged(balance) and balance.sum and self.is_sign_wrong(name):
                yield "sign_convention_holds", name

    def bounds(self, balance: Balance, rows: list[Row]) -> tuple[Any, Any, bool]:
        """The widest of its rows, and whether they differ."""
        lows = {balance.min.of(row) for row in rows} - {None} if balance.min else set()
        highs = {balance.max.of(row) for row in rows} - {None} if balance.max else set()
        differ = len(lows) > 1 or len(highs) > 1
        return min(lows, default=None), max(highs, default=None), differ

    def ranges(self) -> Iterator[tuple[str, ...]]:
        for name, balance in self.ledger.balances.items():
            for key, rows in self.accounts.items():
                now = self.stored(name, key) if balance.stored else self.expected(name, key)
                low, high, differ = self.bounds(balance, rows)
                raised = self.raised(name, self.entries_of(name, key))
                most = None if high is None else high + raised
                if differ or (now is not None and not within(now, low, most)):
                    yield "balance_in_range", name, text_of(key)

    def raised(self, name: str, entries: Iterable[Entry]) -> Any:
        """What adjustments add: so much more there may be."""
        reasons = self.ledger.reasons
        return sum(
            max(self.amount(name, entry), 0)
            for entry in entries
            if reasons and entry.value("reason") in reasons.adjusts
        )

    def running_ranges(self) -> Iterator[tuple[str, ...]]:
        for name, balance in self.ledger.balances.items():
            if not balance.at_all_times:
                continue
            for key, rows in self.accounts.items():
                low, high, _ = self.bounds(balance, rows)
                opening = self.opening(balance, rows)
                if opening is None:
                    continue
                entries = self.entries_of(name, key)
                for instant in {entry.at for entry in entries}:
                    past = [entry for entry in entries if entry.at <= instant]
                    then = opening + sum(self.amount(name, entry) for entry in past)
                    raised = self.raised(name, past)
                    if not within(then, low, None if high is None else high + raised):
                        yield "running_balance_in_range", name, text_of(key)

    def overcommitted(self) -> Iterator[tuple[str, ...]]:
        """Of a balance, by all kinds of holds that owe it."""
        reasons = self.ledger.reasons
        for name, balance in self.ledger.balances.items():
            if not (balance.min and reasons and reasons.adjusts):
                continue
            holding: dict[Key, list[Hold]] = defaultdict(list)
            for hold in self.holds.values():
                account = hold.declared.account_of(hold.row)
                is_held = hold.is_judged and not hold.is_released and hold.amount is not None
                if account is not None and hold.declared.balance == name and is_held:
                    holding[account].append(hold)
            for key, holds in holding.items():
                rows = self.accounts.get(key)
                opening = self.opening(balance, rows) if rows else None
                if opening is None:
                    continue
                adjusted = sum(
                    self.amount(name, entry)
                    for entry in self.entries_of(name, key)
                    if entry.value("reason") in reasons.adjusts
                )
                if sum(hold.amount - self.given_back(hold) for hold in holds) > opening + adjusted:
                    yield "not_overcommitted", text_of(key)

    def missing_accounts(self) -> Iterator[tuple[str, ...]]:
        for name in self.ledger.balances:
            ghosts = {
                entry.account
                for entry in self.counted
                if is_key(entry.account) and entry.account not in self.existing
            }
            for key in ghosts:
                if sum(self.amount(name, entry) for entry in self.entries_of(name, key)) != 0:
                    yield "accounts_exist", name, text_of(key)

    def broken_chains(self) -> Iterator[tuple[str, ...]]:
        for name in self.ledger.balances:
            for block, declared in self.ledger.entries.items():
                if declared.running and self.is_chain_of(name, block):
                    for key in self.accounts:
                        for entry in self.chain(name, block, key).broken:
                            yield "running_chain_unbroken", block, text_of(entry.key)

    def is_chain_of(self, name: str, block: str) -> bool:
        """The running balance is of the one that sums the block without an amount of its own."""
        return any(
            term.entries == block and term.amount is None for term in self.ledger.balances[name].sum
        )

    def unbalanced_transactions(self) -> Iterator[tuple[str, ...]]:
        for block, declared in self.ledger.entries.items():
            if declared.transaction:
                sums: dict[tuple[Any, Any], Any] = defaultdict(int)
                for entry in self.counted:
                    number = entry.value("transaction")
                    if entry.block == block and number is not None:
                        amount = self.main_amount(entry) or 0
                        sums[number, entry.value("currency")] += amount
                for (number, _), total in sums.items():
                    if total != 0:
                        yield "transactions_sum_to_zero", block, str(number)

    def reversals(self) -> Iterator[tuple[Entry, list[Entry]]]:
        """Each original that counts, and its reversals that count, in order."""
        found: dict[Entry, list[Entry]] = defaultdict(list)
        for entry in sorted(self.counted, key=lambda entry: entry.order):
            for original in self.originals(entry)[:1]:
                if original.counts:
                    found[original].append(entry)
        yield from found.items()

    @cached_property
    def exceeding(self) -> dict[Entry, Any]:
        """The share that is too much of each reversal, of all of one original."""
        found = {}
        for original, reversals in self.reversals():
            amount = self.main_amount(original) or 0
            sign = 1 if amount > 0 else -1
            left = abs(amount)
            for reversal in reversals:
                taken = -sign * (self.main_amount(reversal) or 0)
                left -= taken
                if left < 0 < taken:
                    found[reversal] = min(Fraction(-left) / Fraction(taken), 1)
        return found

    def bad_reversals(self) -> Iterator[tuple[str, ...]]:
        for entry in self.counted:
            if entry.value("reverses") is not None and not self.originals(entry):
                yield "reversals_match", entry.block, text_of(entry.key)
        for _, reversals in self.reversals():
            beyond = [reversal for reversal in reversals if reversal in self.exceeding]
            if beyond:
                yield "reversals_match", beyond[0].block, text_of(beyond[0].key)

    def disagreeing_conditions(self) -> Iterator[tuple[str, ...]]:
        for entry in self.left_out:
            yield "conditions_agree", entry.block, text_of(entry.key)

    def disagreeing_currencies(self) -> Iterator[tuple[str, ...]]:
        declared = self.ledger.accounts.currency
        for entry in self.counted:
            if declared and entry.declared.currency and entry.account in self.accounts:
                theirs = {declared.of(row) for row in self.accounts[entry.account]}
                if theirs != {entry.value("currency")} or None in theirs:
                    yield "currencies_agree", entry.block, text_of(entry.key)

    # Entries

    def is_of_a_hold(self, entry: Entry) -> bool:
        reasons = self.ledger.reasons
        return bool(reasons) and entry.value("reason") in (*reasons.takes, *reasons.gives)

    def entries_without_hold(self) -> Iterator[tuple[str, ...]]:
        for entry in self.counted:
            if entry.declared.hold and entry.hold is None and self.is_of_a_hold(entry):
                yield "entry_has_hold", entry.block, text_of(entry.key)

    def is_booked_elsewhere(self, entry: Entry) -> bool:
        hold = self.holds.get(entry.hold) if entry.hold else None
        return bool(hold and hold.declared.account) and (
            hold.declared.account_of(hold.row) != entry.account
        )

    def entries_of_other_accounts(self) -> Iterator[tuple[str, ...]]:
        for entry in self.counted:
            if self.is_booked_elsewhere(entry):
                yield "entry_matches_holds_account", entry.block, text_of(entry.key)

    def bad_reasons(self) -> Iterator[tuple[str, ...]]:
        for entry in self.counted:
            if self.ledger.reasons and entry.declared.reason and self.is_reason_bad(entry):
                yield "entry_reason_and_sign_agree", entry.block, text_of(entry.key)

    def is_reason_bad(self, entry: Entry) -> bool:
        reasons, amount = self.ledger.reasons, self.main_amount(entry)
        assert reasons is not None
        reason = entry.value("reason")
        if not amount or reason not in reasons.known:
            return True
        hold = self.holds.get(entry.hold) if entry.hold else None
        sign = (hold.sign if hold else 0) or -1
        if hold and (owed := self.effects(hold.declared.balance, entry)):
            # The sign is that of what it adds to the balance whose sum the hold owes.
            amount = owed[0]
        if reason in reasons.takes:
            return bool(amount * sign < 0)
        return bool(reason in reasons.gives and amount * sign > 0)

    def bad_times(self) -> Iterator[tuple[str, ...]]:
        for entry in self.counted:
            if entry.at is None:
                continue
            begun = []
            created_at = self.ledger.accounts.created_at
            if created_at and entry.account in self.accounts:
                begun += [created_at.of(row) for row in self.accounts[entry.account]]
                begun = [min((at for at in begun if at is not None), default=None)]
            hold = self.holds.get(entry.hold) if entry.hold else None
            if hold:
                since = hold.declared.created_at or hold.declared.at
                begun += [since.of(hold.row)] if since else []
            if entry.at > AS_OF or any(at is not None and entry.at < at for at in begun):
                yield "entry_time_plausible", entry.block, text_of(entry.key)

    def alike(self, entry: Entry) -> tuple[Any, ...]:
        about = entry.hold or entry.account
        return (about, entry.value("reason"), self.main_amount(entry))

    def rapid_repeats(self) -> Iterator[tuple[str, ...]]:
        for entry in self.repeated:
            yield "no_rapid_repeat", entry.block, text_of(entry.key)

    @cached_property
    def repeated(self) -> list[Entry]:
        """The later of each two alike; of transactions, every entry of the later one."""
        groups: dict[tuple[Any, ...], list[list[Entry]]] = defaultdict(list)
        transactions: dict[tuple[str, Any], list[Entry]] = defaultdict(list)
        for entry in self.counted:
            if entry.declared.reason and entry.declared.at and entry.value("reason") is not None:
                number = entry.value("transaction")
                if number is None:
                    groups[entry.block, self.alike(entry)].append([entry])
                else:
                    transactions[entry.block, number].append(entry)
        for (block, number), entries in transactions.items():
            if any(entry.value("reason") is None for entry in self.counted_in(block, number)):
                continue
            likes = [(entry.account, self.alike(entry)) for entry in entries]
            signature = frozenset(Counter(likes).items())
            groups[block, signature].append(sorted(entries, key=lambda entry: entry.order))
        found = []
        for likes in groups.values():
            likes.sort(key=lambda entries: entries[0].order)
            for before, after in pairwise(likes):
                first, second = before[0].at, after[0].at
                if first is not None and second is not None and second - first <= RAPIDLY:
                    found += after
        return found

    def counted_in(self, block: str, transaction: Any) -> list[Entry]:
        return [
            entry
            for entry in self.counted
            if entry.block == block and entry.value("transaction") == transaction
        ]

    def frozen(self) -> Iterator[tuple[str, ...]]:
        reasons = self.ledger.reasons
        for entry in self.counted:
            if (
                reasons
                and entry.at is not None
                and entry.value("reason") in reasons.adjusts
                and any(start <= entry.at < end for start, end in self.ledger.freezes)
            ):
                yield "frozen_unchanged", entry.block, text_of(entry.key)

    # Holds

    def takes(self, hold: Hold, entry: Entry) -> bool:
        reasons = self.ledger.reasons
        if reasons:
            return entry.value("reason") in reasons.takes
        return self.amount(hold.declared.balance, entry) * hold.sign > 0

    def gives(self, hold: Hold, entry: Entry) -> bool:
        reasons = self.ledger.reasons
        if reasons:
            return entry.value("reason") in reasons.gives
        return self.amount(hold.declared.balance, entry) * hold.sign < 0

    def taking(self, hold: Hold) -> list[Entry]:
        return [entry for entry in hold.entries if self.takes(hold, entry)]

    def sum_of(self, hold: Hold, entries: Iterable[Entry]) -> Any:
        """In the direction of what takes."""
        return hold.sign * sum(self.amount(hold.declared.balance, entry) for entry in entries)

    def given_back(self, hold: Hold) -> Any:
        return -self.sum_of(hold, (entry for entry in hold.entries if self.gives(hold, entry)))

    def has(self, hold: Hold) -> Any:
        return sum(self.amount(hold.declared.balance, entry) for entry in hold.entries)

    def fault_of(self, hold: Hold) -> str | None:
        """The first that applies."""
        if not hold.is_judged:
            return None
        takes = self.taking(hold)
        taken, given = self.sum_of(hold, takes), self.given_back(hold)
        amount, owed, has = hold.amount, hold.owed, self.has(hold)
        faults = {
            "missing": not hold.is_released and amount not in (0, None) and not takes,
            "repeated": len(takes) > 1 and amount is not None and taken > amount,
            "wrong amount": len(takes) == 1 and amount is not None and taken != amount,
            "given back beyond": given > taken,
            "kept": hold.is_released and has != 0,
            "wrong refund": bool(takes)
            and None not in (amount, owed)
            and given != amount - abs(owed),
            "not as owed": owed is not None and has != owed,
        }
        return next((fault for fault, applies in faults.items() if applies), None)

    def is_new(self, hold: Hold) -> bool:
        """Since the epoch, or at no known time."""
        at = hold.declared.at.of(hold.row) if hold.declared.at else None
        epoch = self.ledger.epoch
        return epoch is not None and (at is None or at >= epoch)

    def hold_faults(self) -> Iterator[tuple[str, ...]]:
        checks = {
            "missing": "hold_has_entry",
            "repeated": "hold_recorded_once",
            "wrong amount": "hold_amount_matches",
            "given back beyond": "refund_within_hold",
            "kept": "released_hold_is_settled",
            "wrong refund": "refund_matches_unused",
            "not as owed": "hold_settled_as_owed",
        }
        for (block, key), hold in self.holds.items():
            fault = self.fault_of(hold)
            if fault:
                yield checks[fault], block, str(key)
            if fault == "missing" and self.is_new(hold):
                yield "no_new_orphan_holds", block, str(key)

    def premature_refunds(self) -> Iterator[tuple[str, ...]]:
        for (block, key), hold in self.holds.items():
            takes = self.taking(hold)
            gives = [entry for entry in hold.entries if self.gives(hold, entry)]
            taken = [entry.at for entry in takes if entry.at is not None]
            given = [entry.at for entry in gives if entry.at is not None]
            is_undated = hold.declared.at and hold.declared.at.of(hold.row) is None
            if hold.is_judged and (
                (is_undated and gives and not takes)
                or (taken and given and min(given) < min(taken))
            ):
                yield "refund_follows_hold", block, str(key)

    # Explanations

    def explanations(self) -> dict[tuple[str, str, str], Explanation]:
        return {
            (self.ledger.name, name, text_of(key)): self.explain(name, key)
            for name, balance in self.ledger.balances.items()
            if self.is_judged(balance)
            for key in self.accounts
            if self.discrepancy(name, key) != 0
        }

    def explain(self, name: str, key: Key) -> Explanation:
        off = self.discrepancy(name, key)
        if off is None:
            return Explanation(None, 0, 0, None)
        if self.is_wrong_as_a_whole(name) or not self.ledger.balances[name].sum:
            return Explanation(off, 0, 0, off)
        chained = sum(
            self.chain(name, block, key).certain
            for block, declared in self.ledger.entries.items()
            if declared.running and self.is_chain_of(name, block)
        )
        likely = most_likely(off - chained, list(self.anomalies(name, key)))
        certain = chained + likely.certain_sum
        rest = likely.unexplained
        candidates = self.candidates(name, key, rest)
        evidence = Counter(
            [(anomaly.key, anomaly.amount, role) for anomaly, role in likely.roles.items()]
            + [(text_of(entry.key), amount, "candidate") for entry, amount in candidates]
        )
        return Explanation(off, certain, off - certain - rest, rest, len(candidates), evidence)

    def candidates(self, name: str, key: Key, rest: Any) -> list[tuple[Entry, Any]]:
        """Rows that do not count and would explain the rest; if none, rows that do.

        One of these lacks in the stored balance, or is twice in it.
        """
        if not rest:
            return []
        counted = set(self.entries_of(name, key))
        of_account = [entry for entry in self.entries if entry.account == key]
        left_out = [
            (entry, rest)
            for entry in of_account
            if entry not in counted and rest in self.effects(name, entry)
        ]
        # What is a likely cause already was found wanting.
        return left_out or [
            (entry, self.amount(name, entry))
            for entry in counted
            if abs(self.amount(name, entry)) == abs(rest) and not self.cause_of(entry)
        ]

    def chain(self, name: str, block: str, key: Key) -> Chain:
        running = self.ledger.entries[block].running
        assert running is not None
        entries = [entry for entry in self.entries_of(name, key) if entry.block == block]
        entries.sort(key=lambda entry: entry.order)
        if running.order:
            order = running.order
            entries.sort(key=lambda entry: (order.of(entry.row), entry.order[-1]))
        links = [
            Link(
                entry,
                running.before.of(entry.row) if running.before else None,
                running.after.of(entry.row),
                self.amount(name, entry),
            )
            for entry in entries
        ]
        opening = self.opening(self.ledger.balances[name], self.accounts[key])
        stored = self.stored(name, key) if self.ledger.balances[name].stored else None
        if running.order:
            return in_order(links, opening, stored, has_before=running.before is not None)
        return without_order(links, opening, stored)

    def anomalies(self, name: str, key: Key) -> Iterator[Anomaly]:
        """Each with what it would put the stored balance off by, had that not followed it."""
        for hold in self.holds.values():
            fault = self.fault_of(hold)
            is_here = hold.declared.account_of(hold.row) == key
            if fault and is_here and hold.declared.balance == name:
                if fault == "missing" and self.ledger.epoch and not self.is_new(hold):
                    fault = "missing, from before the epoch"
                # What has an unknown reason is an anomaly of its own.
                known = [entry for entry in hold.entries if not self.is_reason_unknown(entry)]
                has = sum(self.amount(name, entry) for entry in known)
                yield Anomaly(fault, hold.block, str(hold.key), hold.owed - has)
        for entry in self.counted:
            amount = self.amount(name, entry)
            of = (entry.block, text_of(entry.key))
            cause = self.cause_of(entry)
            if cause and entry.account == key:
                share = self.exceeding[entry] if cause == "reversed twice" else 1
                yield Anomaly(cause, *of, -exactly(amount, share))
            elif cause == "booked elsewhere" and entry.hold:
                hold = self.holds[entry.hold]
                if hold.declared.account_of(hold.row) == key:
                    yield Anomaly(cause, *of, amount)

    def cause_of(self, entry: Entry) -> str | None:
        """What is wrong with an entry besides its size."""
        if self.is_booked_elsewhere(entry):
            return "booked elsewhere"
        is_unset = entry.hold is None and entry.declared.hold and self.is_of_a_hold(entry)
        if is_unset or (entry.hold and entry.hold not in self.known_holds):
            return "without a hold"
        if self.is_reason_unknown(entry):
            return "of unknown reason"
        if entry in self.repeated and entry.value("transaction") is not None:
            return "transaction twice"
        if entry.value("reverses") is not None and not self.originals(entry):
            return "reversal of nothing"
        return "reversed twice" if entry in self.exceeding else None

    def is_reason_unknown(self, entry: Entry) -> bool:
        reasons = self.ledger.reasons
        return bool(reasons and entry.declared.reason) and (
            entry.value("reason") not in reasons.known  # type: ignore[union-attr]
        )

    @cached_property
    def known_holds(self) -> set[tuple[str, Any]]:
        """Those that have a row, audited or not."""
        return {
            (block, row[declared.key])
            for block, declared in self.ledger.holds.items()
            for row in self.books[declared.table]
        }


def exactly(amount: Any, share: Fraction | int) -> Any:
    """So much of an amount; of a half and a quarter the decimals end."""
    part = Fraction(amount) * share
    return part.numerator if part.denominator == 1 else Decimal(part.numerator) / part.denominator


def is_key(key: Key) -> bool:
    """Whether it is one: that which is null in every column is not."""
    return any(value is not None for value in key)


def known_sum(values: Iterable[Any]) -> Any:
    """The sum; None where one of them is not known."""
    listed = list(values)
    return None if None in listed else sum(listed)


def within(value: Any, low: Any, high: Any) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
