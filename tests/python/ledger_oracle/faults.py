"""Ways in which real applications break their ledgers, and what each must bring.

What a fault must bring is only the check that it is about: all that it moves besides follows
from the rows, and is the auditor's to say. A fault that brings nothing is a false alarm that
must stay silent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ledger_oracle.declared import Key, Row
from ledger_oracle.histories import CREATED, SECOND, History
from ledger_oracle.shapes import ADJUST, AS_OF, FREEZE, GIVE, TAKE, Shape

# Without these a balance is not held against its entries.
UNJUDGED = ("not stored", "opening recorded")

MICROSECOND = timedelta(microseconds=1)

Breaks = Callable[["Scene"], None]


@dataclass(frozen=True)
class Fault:
    """A fault, the shapes that it applies to, and the check that it is about."""

    breaks: Breaks
    brings: str | None
    needs: frozenset[str]
    excludes: frozenset[str]

    def applies_to(self, shape: Shape) -> bool:
        return shape.features >= self.needs and shape.features.isdisjoint(self.excludes)


FAULTS: dict[str, Fault] = {}


def fault(
    brings: str | None, *needs: str, excludes: Sequence[str] = ()
) -> Callable[[Breaks], Breaks]:
    """Registers a fault by its function's name."""

    def register(breaks: Breaks) -> Breaks:
        name = breaks.__name__
        FAULTS[name] = Fault(breaks, brings, frozenset(needs), frozenset(excludes))
        return breaks

    return register


def inject(history: History, name: str) -> None:
    """Breaks the history."""
    history.write(f"FAULT {name}")
    FAULTS[name].breaks(Scene(history))


class Scene:
    """A history about to be broken."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.app = history.app
        self.few = history.few
        self.one_of = history.one_of
        self.has = history.has
        self.post = history.post

    def money(self, number: int) -> Any:
        return self.app.money(number)

    def wait(self, gap: timedelta = 7 * SECOND) -> None:
        self.history.now += gap

    def set(self, row: Row, column: str, value: Any) -> None:
        self.history.write(f"{column} = {value}, was {row[column]}, of {row}")
        row[column] = value

    def remove(self, table: str, row: Row) -> None:
        self.history.write(f"deleted from {table}: {row}")
        self.history.remove(table, row)

    def key(self) -> Key:
        """An account to break; opened for the purpose where others have spent them all."""
        keys = self.history.keys
        return self.one_of(keys) if keys else self.history.open_account()

    def spent(self) -> Key:
        """An account that no other fault breaks: nothing can be known of it, or it is gone."""
        key = self.key()
        self.history.keys.remove(key)
        return key

    def roomy(self) -> Key:
        """An account that may give and take without leaving its bounds."""
        key = self.history.open_account(is_roomy=True)
        self.entry(self.money(300), key)
        return key

    def other(self, key: Key) -> Key:
        others = [other for other in self.history.keys if other != key]
        return self.one_of(others) if others else self.history.open_account()

    def account(self, key: Key) -> Row:
        return self.history.account_rows(key)[0]

    def move(self, key: Key, amount: Any) -> None:
        """The stored balance of it, by itself."""
        row = self.account(key)
        if row["balance"] is not None:
            self.set(row, "balance", row["balance"] + amount)
            if "shown" in row:
                self.set(row, "shown", row["balance"])

    def entry(self, amount: Any = None, key: Key | None = None, **values: Any) -> Row:
        """A new entry, which is as it should be."""
        self.wait()
        row = self.post(key or self.key(), amount or self.few(), **values)
        self.wait()
        return row

    def amount(self, row: Row) -> Any:
        return self.history.amount(row)

    def owner(self, row: Row) -> Key:
        key = self.history.account_of(row)
        assert key is not None
        return key

    def to_account(self, row: Row, key: Key) -> None:
        """An entry of another account than it was."""
        self.set(row, "account_id", key[0])
        if len(key) > 1:
            self.set(row, "account_place", key[1])

    # Holds

    def approved(self, spaces: Any = None, key: Key | None = None) -> Row:
        self.wait()
        booking = self.history.request(key or self.key(), spaces or self.few(3))
        self.wait()
        self.history.approve(booking)
        self.wait()
        return booking

    def finished(self) -> Row:
        booking = self.approved()
        self.history.finish(booking, self.money(1))
        self.wait()
        return booking

    def cancelled(self) -> Row:
        booking = self.approved()
        self.history.cancel(booking)
        self.wait()
        return booking

    def entries_of(self, booking: Row, reason: str) -> list[Row]:
        rows = self.history.rows("entries")
        sign = self.history.hold_sign * (1 if reason == TAKE else -1)
        return [
            row for row in rows if row["booking"] == booking["id"] and self.amount(row) * sign > 0
        ]

    def held(self, booking: Row, spaces: Any) -> Any:
        """What so many spaces add to the balance."""
        return self.history.hold_sign * spaces * self.history.unit(booking)

    def again(self, row: Row, *, follow: bool, **values: Any) -> Row:
        """The same entry once more."""
        copied = {
            name: row[name]
            for name in ("booking", "cart", "txn", "kind", "reverses")
            if name in row
        }
        return self.post(
            self.owner(row),
            self.amount(row),
            reason=row.get("reason", ADJUST),
            follow=follow,
            **{**copied, **values},
        )


# The balance and its entries


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def balance_edited(s: Scene) -> None:
    """By hand, without an entry."""
    s.move(s.key(), s.money(s.one_of([-300, -1, 1, 2, 3, 5, 300])))


@fault("balance_matches_entries_exactly", "tolerance number", excludes=[*UNJUDGED])
def balance_off_within_tolerance(s: Scene) -> None:
    """Two are tolerated."""
    s.move(s.key(), s.one_of([-2, -1, 1, 2]))


@fault("balance_matches_entries", excludes=[*UNJUDGED])
def balance_forgotten(s: Scene) -> None:
    s.set(s.account(s.spent()), "balance", None)


@fault("balance_matches_entries", "opening column", excludes=[*UNJUDGED])
def opening_forgotten(s: Scene) -> None:
    s.set(s.account(s.spent()), "opened_with", None)


@fault("balance_matches_entries_exactly", "opening column", excludes=[*UNJUDGED])
def opening_changed_later(s: Scene) -> None:
    row = s.account(s.key())
    s.set(row, "opened_with", row["opened_with"] + s.few())


@fault("balance_matches_entries_exactly", "opening of the plan", excludes=[*UNJUDGED])
def opening_of_the_plan_changed_later(s: Scene) -> None:
    """Every account of the plan is off."""
    row = s.account(s.key())
    (plan,) = [plan for plan in s.history.rows("plans") if plan["plan_no"] == row["plan"]]
    s.set(plan, "plan_opening", plan["plan_opening"] + s.few())


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED, "shares"])
def lost_update(s: Scene) -> None:
    """Two read the same balance, and the later one to write wins."""
    key = s.key()
    before = s.history.chain_of(key)
    s.entry(s.few(), key, follow=False)
    s.history.rewind(key, before)
    s.entry(-s.few(13, 20), key)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def webhook_handled_twice(s: Scene) -> None:
    """One entry, and the balance moved twice."""
    row = s.entry()
    s.history.follow(row)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_that_moved_nothing(s: Scene) -> None:
    s.entry(follow=False)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_deleted(s: Scene) -> None:
    s.remove("entries", s.entry())


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED, "shares"])
def entry_written_twice(s: Scene) -> None:
    """Minutes apart, and the balance moved once."""
    row = s.entry()
    s.wait(timedelta(minutes=9))
    s.again(row, follow=False)


@fault("no_rapid_repeat", "at", "reason", excludes=["shares"])
def double_click(s: Scene) -> None:
    """Two entries alike, and the balance followed both."""
    row = s.entry()
    again = s.again(row, follow=True)
    s.set(again, "at", row["at"] + s.one_of([0, 1, 5]) * SECOND)


@fault(None, "at", "reason", excludes=["shares"])
def alike_a_moment_too_late(s: Scene) -> None:
    row = s.entry(key=s.roomy())
    again = s.again(row, follow=True)
    s.set(again, "at", row["at"] + 5 * SECOND + MICROSECOND)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_of_the_wrong_sign(s: Scene) -> None:
    row = s.entry()
    s.app.write_amount(row, -s.amount(row))


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_of_the_wrong_amount(s: Scene) -> None:
    row = s.entry()
    s.app.write_amount(row, s.amount(row) + s.few())


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_in_the_wrong_unit(s: Scene) -> None:
    row = s.entry()
    s.app.write_amount(row, s.amount(row) * 100)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def entry_without_amount(s: Scene) -> None:
    s.app.write_amount(s.entry(), None)


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED, "shares"])
def entry_on_another_account(s: Scene) -> None:
    row = s.entry()
    s.to_account(row, s.other(s.owner(row)))


@fault("balance_matches_entries_exactly", "shares", excludes=[*UNJUDGED])
def share_deleted(s: Scene) -> None:
    """An entry of two accounts has forgotten one of them."""
    key = s.key()
    row = s.entry(None, key, sharers=[s.other(key)])
    share = next(one for one in s.history.rows("shares") if one["share_of"] == row["id"])
    s.remove("shares", share)


@fault("balance_matches_entries_exactly", "shares", excludes=[*UNJUDGED])
def share_of_another_account(s: Scene) -> None:
    key = s.key()
    row = s.entry(None, key)
    share = next(one for one in s.history.rows("shares") if one["share_of"] == row["id"])
    other = s.other(key)
    s.set(share, "share_account", other[0])
    if len(other) > 1:
        s.set(share, "share_place", other[1])


@fault("sign_convention_holds", excludes=[*UNJUDGED])
def balances_of_the_other_sign(s: Scene) -> None:
    """Each stored balance is what subtracting the entries would have made it."""
    for key in [*s.history.keys, *s.history.steady]:
        s.move(key, 2 * (s.history.opening(key) - s.history.balance(key)))


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def balances_in_another_unit(s: Scene) -> None:
    factor = s.one_of([100, 1000])
    for key in [*s.history.keys, *s.history.steady]:
        s.move(key, (factor - 1) * s.history.balance(key))


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def clamped_at_nothing(s: Scene) -> None:
    """More was taken than there was, and the application stored 0."""
    key = s.key()
    s.entry(-s.history.balance(key) - s.few(), key)
    s.move(key, -s.history.balance(key))


@fault("accounts_exist", excludes=["running"])
def account_deleted(s: Scene) -> None:
    key = s.history.open_account()
    s.entry(s.few(100, 200), key, kind="goods")
    for account in s.history.account_rows(key):
        s.remove("accounts", account)
    s.history.keys.remove(key)


@fault("accounts_exist")
def entry_of_no_account(s: Scene) -> None:
    s.entry(None, s.history.new_account_key(), kind="goods")


@fault(None, "archived accounts", excludes=["running"])
def entry_of_an_archived_account(s: Scene) -> None:
    """It has a row, and is not audited."""
    key = s.history.open_account()
    s.entry(None, key, follow=False)
    for row in s.history.account_rows(key):
        s.set(row, "archived_at", s.history.now)
    s.history.keys.remove(key)


@fault(None, "opening column")
def second_row_of_an_account_that_stores_nothing(s: Scene) -> None:
    key = s.key()
    row = s.account(key)
    stored = ("balance", "moved", "shown", "opened_with")
    nothing = {name: s.money(0) for name in stored if name in row}
    s.history.rows("accounts").append({**row, **nothing})


@fault("balance_matches_entries_exactly", excludes=[*UNJUDGED])
def second_row_of_an_account_that_stores_something(s: Scene) -> None:
    key = s.key()
    row = s.account(key)
    stored = s.few(500, 600)
    s.history.rows("accounts").append({**row, "balance": stored})


@fault(None, "archived accounts")
def second_row_of_an_account_that_is_archived(s: Scene) -> None:
    """It is left out, whatever it says."""
    key = s.roomy()
    row = s.account(key)
    stored = {name: s.money(77) for name in ("balance", "opened_with", "floor") if name in row}
    away = {"archived_at": s.history.now, "currency": "XXX", "created_at": AS_OF}
    s.history.rows("accounts").append(
        {**row, **stored, **{name: away[name] for name in away if name in row}}
    )


@fault("balance_in_range", "max column")
def bounds_of_two_rows_that_differ(s: Scene) -> None:
    """Nobody can say which of them holds."""
    key = s.key()
    for row in s.history.account_rows(key):
        s.set(row, "ceiling", s.money(4_000))
    row = s.account(key)
    s.history.rows("accounts").append({**row, "ceiling": s.money(5_000)})


@fault("currencies_agree", "account currency", "entry currency")
def currencies_of_two_rows_that_differ(s: Scene) -> None:
    key = s.key()
    s.entry(key=key)
    s.history.rows("accounts").append({**s.account(key), "currency": "XXX"})


@fault("balance_matches_entries_exactly", "second balance")
def second_balance_edited(s: Scene) -> None:
    row = s.account(s.key())
    s.set(row, "moved", row["moved"] + s.few())


@fault("balance_matches_entries", "second balance")
def second_balance_forgotten(s: Scene) -> None:
    s.set(s.account(s.spent()), "moved", None)


@fault("balance_matches_entries_exactly", "second balance")
def entry_of_another_kind(s: Scene) -> None:
    """Only one of the two balances notices."""
    row = s.entry(kind="goods")
    s.set(row, "kind", s.one_of(["other", None, "Goods"]))


# What does not count


@fault("balance_matches_entries_exactly", "status", excludes=[*UNJUDGED])
def failed_after_it_moved_the_balance(s: Scene) -> None:
    row = s.entry()
    s.set(row, "status", s.one_of(["failed", "pending", None]))


@fault("balance_matches_entries_exactly", "deleted_at", excludes=[*UNJUDGED])
def deleted_softly_and_the_balance_kept(s: Scene) -> None:
    s.set(s.entry(), "deleted_at", s.history.now)


@fault("balance_matches_entries_exactly", "channel", excludes=[*UNJUDGED])
def channel_that_nobody_knows(s: Scene) -> None:
    """The join leaves the entry out altogether."""
    s.set(s.entry(), "channel", s.one_of([3, None]))


@fault("balance_matches_entries_exactly", "status", excludes=[*UNJUDGED])
def settled_later_and_the_balance_not_moved(s: Scene) -> None:
    s.entry(follow=False)


@fault(None, "status", excludes=["shares", "running"])
def failed_row_that_is_wrong_in_everything(s: Scene) -> None:
    values: dict[str, Any] = {"status": "failed", "booking": None, "reason": "nonsense"}
    row = s.entry(s.money(-999), **values)
    if "at" in row:
        s.set(row, "at", AS_OF + timedelta(days=9))
    if "entry_currency" in row:
        s.set(row, "entry_currency", "XXX")


# Bounds


@fault("balance_in_range", "min number")
def balance_below_its_minimum(s: Scene) -> None:
    """Entries and balance agree on it."""
    key = s.key()
    s.entry(-s.history.balance(key) - s.few(), key)


@fault("balance_in_range", "min column")
def minimum_raised_above_the_balance(s: Scene) -> None:
    key = s.key()
    for row in s.history.account_rows(key):
        s.set(row, "floor", s.history.balance(key) + s.money(1))


@fault("balance_in_range", "max column", excludes=["shares"])
def maximum_lowered_below_the_balance(s: Scene) -> None:
    key = s.key()
    s.entry(s.few(), key)
    for row in s.history.account_rows(key):
        s.set(row, "ceiling", s.history.balance(key) - s.history.raised(key) - s.money(1))


@fault("balance_in_range", "max of the plan", excludes=["shares"])
def plan_lowered_below_the_balance(s: Scene) -> None:
    key = s.key()
    s.entry(s.few(), key)
    plan_no = s.account(key)["plan"]
    (plan,) = [plan for plan in s.history.rows("plans") if plan["plan_no"] == plan_no]
    s.set(plan, "plan_ceiling", s.history.balance(key) - s.history.raised(key) - s.money(1))


@fault(None, "max column", "min column")
def balance_at_its_bound(s: Scene) -> None:
    """No more than it may be, and no less."""
    key = s.history.open_account()
    for row in s.history.account_rows(key):
        s.set(row, "ceiling", s.history.balance(key))
        s.set(row, "floor", s.history.balance(key))


@fault(None, "max column", "reasons", excludes=["at_all_times"])
def above_its_maximum_by_an_adjustment(s: Scene) -> None:
    key = s.history.open_account()
    for row in s.history.account_rows(key):
        s.set(row, "ceiling", s.history.balance(key))
    s.entry(s.few(), key)


@fault("running_balance_in_range", "at_all_times", "min number", excludes=["opening recorded"])
def below_its_minimum_for_a_moment(s: Scene) -> None:
    key = s.key()
    taken = s.history.balance(key) + s.few()
    s.entry(-taken, key)
    s.entry(taken, key)


@fault(None, "at_all_times", "min number", excludes=["max column", "max of the plan", "holds"])
def below_its_minimum_within_an_instant(s: Scene) -> None:
    key = s.key()
    taken = s.history.balance(key) + s.few()
    first = s.entry(-taken, key)
    second = s.entry(taken, key)
    s.set(second, "at", first["at"])


# Other blocks of entries


@fault("balance_matches_entries_exactly", "corrections", excludes=[*UNJUDGED])
def correction_that_moved_nothing(s: Scene) -> None:
    row = s.history.correct(s.key(), s.few())
    s.history.follow(row, "corrections", sign=-1)


@fault("balance_matches_entries_exactly", "corrections", excludes=[*UNJUDGED])
def correction_of_the_wrong_sign(s: Scene) -> None:
    row = s.history.correct(s.key(), s.few())
    s.set(row, "lowered_by", -row["lowered_by"])


@fault("balance_matches_entries_exactly", "transfers", excludes=[*UNJUDGED])
def transfer_that_never_arrived(s: Scene) -> None:
    key = s.key()
    row = s.history.transfer(key, s.other(key), s.few())
    s.history.follow(row, "received", sign=-1)


@fault("balance_matches_entries_exactly", "transfers", excludes=[*UNJUDGED])
def transfer_of_another_size(s: Scene) -> None:
    key = s.key()
    row = s.history.transfer(key, s.other(key), s.few())
    s.set(row, "size", row["size"] + s.few())


@fault("accounts_exist", "transfers")
def transfer_to_no_account(s: Scene) -> None:
    s.history.transfer(s.key(), s.history.new_account_key(), s.few())


@fault(None, "transfers")
def transfer_to_oneself(s: Scene) -> None:
    key = s.key()
    s.history.transfer(key, key, s.few())


# Chains


@fault("running_chain_unbroken", "running", excludes=["running without before"])
def before_altered(s: Scene) -> None:
    row = s.entry()
    s.set(row, "before", row["before"] + s.few())


@fault("running_chain_unbroken", "running")
def after_altered(s: Scene) -> None:
    row = s.entry()
    s.set(row, "after", row["after"] + s.few())


@fault("running_chain_unbroken", "running")
def after_forgotten(s: Scene) -> None:
    s.set(s.entry(), "after", None)


@fault("running_chain_unbroken", "running")
def link_deleted(s: Scene) -> None:
    key = s.key()
    row = s.entry(None, key)
    s.entry(s.few(13, 20), key)
    s.remove("entries", row)


@fault("running_chain_unbroken", "running", "running in order")
def versions_swapped(s: Scene) -> None:
    key = s.key()
    first, second = s.entry(None, key), s.entry(s.few(13, 20), key)
    first_version = first["version"]
    s.set(first, "version", second["version"])
    s.set(second, "version", first_version)


@fault(None, "running", "running in order")
def version_skipped(s: Scene) -> None:
    """The chain goes by the order alone."""
    row = s.entry()
    s.set(row, "version", row["version"] + 5)


# Transactions, reversals, currencies


def _transaction(s: Scene) -> tuple[Row, Row]:
    s.wait()
    one = s.key()
    rows = s.history.transact(one, s.other(one), s.few())
    s.wait()
    for row in rows:
        if "entry_currency" in row:
            s.set(row, "entry_currency", rows[0]["entry_currency"])
    return rows


@fault("transactions_sum_to_zero", "transaction")
def leg_deleted(s: Scene) -> None:
    s.remove("entries", s.one_of(_transaction(s)))


@fault("transactions_sum_to_zero", "transaction")
def leg_of_another_amount(s: Scene) -> None:
    row = s.one_of(_transaction(s))
    s.app.write_amount(row, s.amount(row) + s.few())


@fault("transactions_sum_to_zero", "transaction", "entry currency")
def leg_of_another_currency(s: Scene) -> None:
    row = s.one_of(_transaction(s))
    s.set(row, "entry_currency", "CHF" if row["entry_currency"] != "CHF" else "SEK")


@fault("transactions_sum_to_zero", "transaction", "status")
def leg_that_failed(s: Scene) -> None:
    s.set(s.one_of(_transaction(s)), "status", "failed")


@fault("no_rapid_repeat", "transaction", "at", "reason")
def transaction_written_twice(s: Scene) -> None:
    """The balances followed both, one, or the other leg."""
    rows = _transaction(s)
    number = s.history.number("transaction")
    follow = s.one_of([False, True])
    for row in rows:
        again = s.again(row, follow=follow, txn=number)
        if "entry_currency" in again:
            s.set(again, "entry_currency", row["entry_currency"])
        s.set(again, "at", row["at"] + 2 * SECOND)


@fault(None, "transaction", "at", "reason", excludes=["account currency", "entry currency"])
def half_a_transaction_alike(s: Scene) -> None:
    """Not a repeat: the other leg is of another account."""
    one = s.roomy()
    first, _ = s.history.transact(one, s.roomy(), s.few())
    rows = s.history.transact(one, s.roomy(), -s.amount(first))
    for row in rows:
        s.set(row, "at", first["at"] + SECOND)


@fault("reversals_match", "reverses")
def reversed_twice(s: Scene) -> None:
    row = s.entry()
    s.history.reverse(row, s.amount(row))
    s.wait()
    second = s.history.reverse(row, s.amount(row))
    if s.one_of([True, False]):
        s.history.follow(second, sign=-1)


@fault("reversals_match", "reverses")
def reversed_beyond_its_amount(s: Scene) -> None:
    row = s.entry()
    s.history.reverse(row, s.money(1))
    s.wait()
    second = s.history.reverse(row, s.amount(row))
    if s.one_of([True, False]):
        s.move(s.owner(row), s.money(1))
    else:
        s.history.follow(second, sign=-1)


@fault("reversals_match", "reverses")
def reversal_of_what_is_gone(s: Scene) -> None:
    row = s.entry()
    s.history.reverse(row, s.amount(row))
    s.remove("entries", row)


@fault("conditions_agree", "reverses", "status")
def reversal_of_what_does_not_count(s: Scene) -> None:
    """The contract leaves out what was reversed, and keeps the reversal."""
    row = s.entry()
    s.history.reverse(row, s.amount(row))
    s.set(row, "status", "reversed")


@fault("currencies_agree", "account currency", "entry currency")
def entry_of_another_currency(s: Scene) -> None:
    s.set(s.entry(), "entry_currency", s.one_of(["CHF", None, "eur"]))


@fault("currencies_agree", "account currency", "entry currency")
def account_of_another_currency(s: Scene) -> None:
    key = s.owner(s.entry()) if not s.has("shares") else s.key()
    s.entry(None, key)
    for row in s.history.account_rows(key):
        s.set(row, "currency", "CHF")


# Reasons and times


@fault("entry_reason_and_sign_agree", "reasons")
def reason_that_nobody_knows(s: Scene) -> None:
    s.set(s.entry(), "reason", s.one_of(["goodwill", "Adjust", "", None]))


@fault("entry_reason_and_sign_agree", "reasons")
def entry_of_nothing(s: Scene) -> None:
    row = s.entry(follow=False)
    s.app.write_amount(row, s.one_of([s.money(0), None]))


@fault(None, excludes=["reasons", "lots"])
def entry_of_nothing_without_reasons(s: Scene) -> None:
    row = s.entry(s.money(1), follow=False)
    s.app.write_amount(row, s.money(0))
    if s.has("running"):
        s.set(row, "after", row["after"] - s.money(1))
        s.history.rewind(s.owner(row), row["after"])


@fault("entry_time_plausible", "at")
def entry_of_the_future(s: Scene) -> None:
    s.set(s.entry(), "at", AS_OF + s.one_of([MICROSECOND, timedelta(days=30)]))


@fault(None, "at")
def entry_of_this_very_instant(s: Scene) -> None:
    s.set(s.entry(), "at", AS_OF)


@fault("entry_time_plausible", "at", "account created_at")
def entry_before_its_account(s: Scene) -> None:
    s.set(s.entry(), "at", CREATED - s.one_of([MICROSECOND, timedelta(days=1)]))


@fault("frozen_unchanged", "freezes")
def adjusted_in_a_freeze(s: Scene) -> None:
    start, end = FREEZE
    s.set(s.entry(), "at", s.one_of([start, end - MICROSECOND]))


@fault(None, "freezes")
def adjusted_around_a_freeze(s: Scene) -> None:
    start, end = FREEZE
    s.set(s.entry(), "at", s.one_of([start - MICROSECOND, end]))


# Holds


@fault("hold_has_entry", "holds")
def hold_without_entry(s: Scene) -> None:
    """The balance followed it, or not."""
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.remove("entries", taken)
    if s.one_of([True, False]):
        s.history.follow(taken, sign=-1)


@fault("hold_has_entry", "holds", "epoch")
def hold_without_entry_from_before_the_epoch(s: Scene) -> None:
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.remove("entries", taken)
    epoch = s.app.ledger.epoch
    s.set(booking, "approved_at", s.one_of([epoch - MICROSECOND, epoch, None]))


@fault("hold_has_entry", "holds", "status")
def hold_whose_entry_failed(s: Scene) -> None:
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.set(taken, "status", "failed")


@fault("hold_recorded_once", "holds")
def hold_taken_twice(s: Scene) -> None:
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.wait()
    s.again(taken, follow=s.one_of([True, False]))


@fault("hold_amount_matches", "holds")
def hold_taken_in_part(s: Scene) -> None:
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.app.write_amount(taken, s.held(booking, booking["spaces"] + s.money(s.one_of([-1, 1]))))


@fault("hold_amount_matches", "holds")
def hold_changed_later(s: Scene) -> None:
    booking = s.approved()
    s.set(booking, "spaces", booking["spaces"] + s.few())


@fault("released_hold_is_settled", "holds")
def hold_kept_after_release(s: Scene) -> None:
    booking = s.approved()
    s.set(booking, "status", "cancelled")


@fault("refund_within_hold", "holds")
def given_back_beyond(s: Scene) -> None:
    booking = s.cancelled()
    s.wait()
    amount = -s.held(booking, s.few())
    s.post(s.history.booking_key(booking), amount, reason=GIVE, booking=booking["id"])


@fault("refund_within_hold", "holds")
def given_back_and_never_taken(s: Scene) -> None:
    booking = s.cancelled()
    (taken,) = s.entries_of(booking, TAKE)
    s.remove("entries", taken)
    if "approved_at" in booking and s.one_of([True, False]):
        s.set(booking, "approved_at", None)


@fault("refund_matches_unused", "holds")
def given_back_too_little(s: Scene) -> None:
    booking = s.finished()
    s.set(booking, "used", s.money(0))


@fault("refund_follows_hold", "holds", "at")
def given_back_before_it_was_taken(s: Scene) -> None:
    booking = s.finished()
    (taken,) = s.entries_of(booking, TAKE)
    (given,) = s.entries_of(booking, GIVE)
    s.set(given, "at", taken["at"] - MICROSECOND)


@fault("hold_settled_as_owed", "holds", "reasons", excludes=["holds add"])
def hold_adjusted(s: Scene) -> None:
    """Neither taken nor given back, and it has not what it owes."""
    booking = s.approved()
    s.post(s.history.booking_key(booking), s.few(), booking=booking["id"])


@fault(None, "holds")
def status_that_owes_nothing_known(s: Scene) -> None:
    booking = s.approved(key=s.roomy())
    s.set(booking, "status", s.one_of(["Approved", "", None]))


@fault("entry_has_hold", "holds", "reasons")
def entry_that_forgot_its_hold(s: Scene) -> None:
    (taken,) = s.entries_of(s.approved(), TAKE)
    s.set(taken, "booking", None)


@fault(None, "holds", excludes=["reasons"])
def hold_deleted(s: Scene) -> None:
    """Its entry names what is gone: a dangling reference, which is another pack's."""
    s.remove("bookings", s.approved(key=s.roomy()))


@fault("entry_matches_holds_account", "holds", "hold account")
def hold_booked_on_another_account(s: Scene) -> None:
    """The balances moved as they should have, or as the entry says."""
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    moved = s.one_of([True, False])
    if moved:
        s.history.follow(taken, sign=-1)
    s.to_account(taken, s.other(s.owner(taken)))
    if moved:
        s.history.follow(taken)


@fault("entry_reason_and_sign_agree", "holds", "reasons")
def hold_taken_with_the_wrong_sign(s: Scene) -> None:
    (taken,) = s.entries_of(s.approved(), TAKE)
    s.app.write_amount(taken, -s.amount(taken))


@fault("entry_time_plausible", "holds", "at", "hold created_at")
def entry_before_its_hold(s: Scene) -> None:
    booking = s.approved()
    (taken,) = s.entries_of(booking, TAKE)
    s.set(taken, "at", booking["requested_at"] - MICROSECOND)


@fault(
    "not_overcommitted",
    "holds",
    "reasons",
    "hold account",
    "min number",
    excludes=["transfers", "opening recorded"],
)
def approved_past_the_guard(s: Scene) -> None:
    key = s.key()
    s.approved(s.history.balance(key) + s.few(), key)


@fault(
    None,
    "holds",
    "reasons",
    "hold account",
    "min number",
    excludes=["transfers", "opening recorded", "holds of goods"],
)
def approved_up_to_the_guard(s: Scene) -> None:
    key = s.roomy()
    booking = s.history.request(key, s.history.balance(key))
    if "offer" in booking:
        s.set(booking, "offer", 1)
    s.wait()
    s.history.approve(booking)


@fault("entry_matches_holds_account", "holds", "hold account")
def entry_of_a_hold_and_no_account(s: Scene) -> None:
    (taken,) = s.entries_of(s.approved(), TAKE)
    s.to_account(taken, (None,) * len(s.owner(taken)))


def _without_entries(s: Scene, sizes: Sequence[Any]) -> list[Row]:
    """Holds of one account whose entries are gone; the balance has followed them all."""
    key = s.history.open_account()
    bookings = [s.approved(size, key) for size in sizes]
    for booking in bookings:
        (taken,) = s.entries_of(booking, TAKE)
        s.remove("entries", taken)
    return bookings


@fault("hold_has_entry", "holds", "hold account", excludes=["running", *UNJUDGED])
def either_of_two_holds(s: Scene) -> None:
    """One of two alike moved the balance: the cause is certain, the row is not."""
    size = s.few()
    (first, second) = _without_entries(s, [size, size])
    if "offer" in first:
        s.set(second, "offer", first["offer"])
    s.move(s.history.booking_key(first), -s.held(first, size))


@fault("hold_has_entry", "holds", "hold account", "epoch", excludes=["running", *UNJUDGED])
def either_of_two_causes(s: Scene) -> None:
    """Of two alike, from before and after the epoch, one moved the balance: nobody knows which."""
    size = s.few()
    first, second = _without_entries(s, [size, size])
    if "offer" in first:
        s.set(second, "offer", first["offer"])
    epoch = s.app.ledger.epoch
    s.set(first, "approved_at", epoch - MICROSECOND)
    s.set(second, "approved_at", epoch)
    s.move(s.history.booking_key(first), -s.held(first, size))


@fault("hold_recorded_once", "holds", "hold account", excludes=["running", *UNJUDGED])
def causes_that_cancel_out(s: Scene) -> None:
    """One hold has no entry, another one two: the balance agrees."""
    key = s.history.open_account()
    size = s.few()
    missing, doubled = s.approved(size, key), s.approved(size, key)
    if "offer" in missing:
        for booking in (missing, doubled):
            s.set(booking, "offer", 1)
            (taken,) = s.entries_of(booking, TAKE)
            s.app.write_amount(taken, s.held(booking, size))
    (taken,) = s.entries_of(missing, TAKE)
    s.remove("entries", taken)
    (taken,) = s.entries_of(doubled, TAKE)
    s.wait()
    s.again(taken, follow=False)


@fault("hold_has_entry", "holds", "hold account", excludes=["running", *UNJUDGED])
def thirteen_holds_of_which_one_moved_nothing(s: Scene) -> None:
    """More sets than are tried: those of a cause stand or fall together."""
    bookings = _without_entries(s, [s.few() for _ in range(13)])
    spared = s.one_of(bookings)
    s.move(s.history.booking_key(spared), -s.held(spared, spared["spaces"]))


@fault("hold_has_entry", "holds", "hold account", excludes=["running", *UNJUDGED])
def nearest_cause_leaves_a_rest(s: Scene) -> None:
    (booking,) = _without_entries(s, [s.few(10, 40)])
    s.move(s.history.booking_key(booking), s.one_of([s.money(-4), s.money(-1), s.money(1)]))


@fault("balance_matches_entries", "copied balance")
def copy_left_behind(s: Scene) -> None:
    row = s.account(s.key())
    s.set(row, "shown", row["shown"] - s.few())


@fault("balance_matches_entries_exactly", "expires", excludes=[*UNJUDGED])
def expired_and_the_balance_kept(s: Scene) -> None:
    s.set(s.entry(), "expires_at", s.one_of([AS_OF, AS_OF - SECOND]))


@fault(None, "expires", excludes=["shares"])
def expires_in_a_moment(s: Scene) -> None:
    s.set(s.entry(key=s.roomy()), "expires_at", AS_OF + MICROSECOND)


@fault("hold_has_entry", "carts")
def cart_without_entry(s: Scene) -> None:
    s.wait()
    cart = s.history.reserve(s.key(), s.few())
    rows = [row for row in s.history.rows("entries") if row["cart"] == cart["cart_no"]]
    s.remove("entries", rows[0])


@fault("released_hold_is_settled", "carts")
def cart_dropped_and_kept(s: Scene) -> None:
    s.wait()
    s.set(s.history.reserve(s.key(), s.few()), "state", "dropped")


# Lots


@fault("balance_matches_entries_exactly", "lots")
def lot_edited(s: Scene) -> None:
    row = s.entry()
    s.set(row, "remaining", s.amount(row) + s.few())


@fault("balance_matches_entries_exactly", "lots")
def use_deleted(s: Scene) -> None:
    row = s.entry()
    s.set(row, "remaining", s.amount(row))
    s.remove("uses", s.history.use(row))


@fault("balance_in_range", "lots")
def lot_used_beyond(s: Scene) -> None:
    row = s.entry()
    s.set(row, "remaining", s.amount(row) + s.few())
    use = s.history.use(row)
    s.set(use, "used_up", s.amount(row) + s.few())
    s.set(row, "remaining", s.amount(row) - use["used_up"])


@fault("accounts_exist", "lots")
def lot_deleted(s: Scene) -> None:
    row = s.entry()
    s.set(row, "remaining", s.amount(row))
    s.history.use(row)
    s.remove("entries", row)
