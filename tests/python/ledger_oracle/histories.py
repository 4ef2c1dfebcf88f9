"""A lawful history of an application, drawn by hypothesis: every operation keeps its promises.

The journal has what was done, in order, for the reader of a failing case.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from hypothesis import strategies as st

from ledger_oracle.declared import Books, Key, Row
from ledger_oracle.shapes import (
    ADJUST,
    AS_OF,
    GIVE,
    GOODS,
    MAIN,
    SETTLED,
    TAKE,
    Application,
    Shape,
    build,
)

T = TypeVar("T")
SECOND = timedelta(seconds=1)
OPENED = AS_OF - timedelta(hours=23)
CREATED = AS_OF - timedelta(days=5)

STORED = {MAIN: "balance", GOODS: "moved"}

_GAPS = [timedelta(0), timedelta(microseconds=1), SECOND, 6 * SECOND, timedelta(minutes=11)]
_TEXTS = ["plain", "it's", 'a "b"', "ümlaut", "{1,2}", "[]", "null", "C:\\temp", " ", "100%"]
_PLACES = [None, "Rome", "", "null", 'O"Hare']
_CURRENCIES = ["EUR", "JPY", "KWD"]


class Step(NamedTuple):
    """One operation, before it is known what there is to do it to: `pick` chooses from that."""

    name: str
    gap: timedelta
    pick: int
    amount: int


class History:
    """The application at one moving instant, and the draws that make its history.

    Attributes:
        books: its rows, by table; a value by the name of the column here.
        keys: its accounts, those that stay out of every fault last.
        now: the instant of the next operation.
    """

    def __init__(self, app: Application, draw: st.DrawFn) -> None:
        self.app = app
        self.draw = draw
        self.books: Books = app.empty()
        self.now = OPENED
        self.journal: list[str] = []
        self.keys: list[Key] = []
        self.steady: list[Key] = []
        self._numbers: dict[str, int] = {}
        self._chain: dict[Key, Any] = {}
        self._versions: dict[Key, int] = {}
        self._last_like: dict[tuple[Any, ...], datetime] = {}

    def __repr__(self) -> str:
        return f"a history of {len(self.journal)} operations, {self.app.shape}"

    # Small things

    def has(self, *features: str) -> bool:
        return self.app.shape.has(*features)

    def write(self, line: str) -> None:
        self.journal.append(f"{self.now:%d %H:%M:%S.%f}  {line}")

    def one_of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def few(self, least: int = 1, most: int = 12) -> Any:
        """A small amount, of the kind that the columns hold."""
        return self.app.money(self.draw(st.integers(least, most)))

    def number(self, what: str) -> int:
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return self._numbers[what]

    def new_value(self, kind: str, what: str) -> Any:
        """A value that no other row of the kind has."""
        number = self.number(what)
        if kind == "uuid":
            return f"{number:08x}-0000-4000-8000-00000000beef"
        if kind == "text":
            return f"{_TEXTS[number % len(_TEXTS)]} {number}"
        # Beyond what a double holds exactly: a cast to float would confuse two.
        return 9_007_199_254_740_992 + number if what == "entry" else number

    def new_account_key(self) -> Key:
        kind = self.app.shape.account_key
        if kind == "pair":
            number = self.number("account")
            return (number // 3, _PLACES[number % len(_PLACES)])
        if kind == "stamped":
            number = self.number("account")
            day = AS_OF + timedelta(days=number) if number % 4 else None
            return (f"{_TEXTS[number % 3]}", day)
        return (self.new_value(kind, "account"),)

    def insert(self, table: str, **values: Any) -> Row:
        """A row; the application has no column for the other values."""
        row = {name: values.get(name) for name in self.app.tables[table].columns}
        self.books[self.app.name_of(table)].append(row)
        return row

    def rows(self, table: str) -> list[Row]:
        """Those of a table; none where the application has no such table."""
        return self.books[self.app.name_of(table)] if table in self.app.tables else []

    def remove(self, table: str, row: Row) -> None:
        rows = self.rows(table)
        rows[:] = [other for other in rows if other is not row]

    # Accounts

    def open_account(self, *, is_steady: bool = False, is_roomy: bool = False) -> Key:
        key = self.new_account_key()
        plan = 2 if is_steady or is_roomy else self.one_of([1, 2, 3])
        shared = {
            "place": key[-1],
            "id": key[0],
            "plan": plan,
            "currency": "EUR" if is_steady else self.one_of(_CURRENCIES),
            "floor": None if is_roomy else self.one_of([None, 0, self.app.money(-200)]),
            "ceiling": None if is_roomy else self.one_of([None, self.app.money(2_000)]),
            "slack": self.one_of([None, self.app.money(0), self.app.money(4)]),
        }
        for part in range(2 if self.has("split accounts") and self.one_of([True, False]) else 1):
            number = self.number("row")
            self.insert(
                "accounts",
                row_id=number,
                name=f"Account {number}",
                created_at=CREATED + part * SECOND,
                opened_with=self.few(0, 100),
                balance=self.app.money(0),
                moved=self.app.money(0),
                shown=self.app.money(0),
                **shared,
            )
        (row, *_) = self.account_rows(key)
        row["balance"] = row["shown"] = self.opening(key)
        self._chain[key] = row["balance"]
        self.write(f"open {key}: {row}")
        (self.steady if is_steady else self.keys).append(key)
        return key

    def account_rows(self, key: Key) -> list[Row]:
        accounts = self.app.ledger.accounts
        return [row for row in self.rows("accounts") if accounts.key_of(row) == key]

    def opening(self, key: Key) -> Any:
        accounts, opening = self.app.ledger.accounts, self.app.ledger.balances[MAIN].opening
        if opening is None or isinstance(opening, str):
            return self.app.money(0)
        rows = [row for row in accounts.rows(self.books) if accounts.key_of(row) == key]
        return sum((opening.of(row) for row in rows), self.app.money(0))

    def balance(self, key: Key) -> Any:
        return sum(row["balance"] for row in self.account_rows(key))

    def bounds(self, key: Key) -> tuple[Any, Any]:
        accounts, main = self.app.ledger.accounts, self.app.ledger.balances[MAIN]
        rows = [row for row in accounts.rows(self.books) if accounts.key_of(row) == key]
        return tuple(bound.of(rows[0]) if bound else None for bound in (main.min, main.max))  # type: ignore[return-value]

    def has_room(self, key: Key, amount: Any) -> bool:
        """Whether the balance may move by so much."""
        low, high = self.bounds(key)
        moved = self.balance(key) + amount
        return (low is None or moved >= low) and (high is None or moved <= high)

    def is_free(self, key: Key, taken: Any) -> bool:
        """Whether so much more may be held, or taken away, of what was opened and adjusted."""
        if not self.has("reasons", "hold account"):
            return True
        free = self.opening(key) + sum(
            self.amount(row) for row in self.entries_of(key) if self.counts(row)
        )
        corrected = sum(
            row["lowered_by"]
            for row in self.rows("corrections")
            if (row["about_id"], row.get("about_place"))[: len(key)] == key
        )
        return bool(taken <= free - corrected)

    def raised(self, key: Key) -> Any:
        """What adjustments have added: so much more than its maximum it may be."""
        if not self.has("reasons"):
            return 0
        added = [
            self.amount(row)
            for row in self.entries_of(key)
            if self.counts(row) and row["reason"] == ADJUST
        ]
        added += [
            -row["lowered_by"]
            for row in self.rows("corrections")
            if (row["about_id"], row.get("about_place"))[: len(key)] == key
        ]
        return sum(max(amount, 0) for amount in added)

    # Entries

    def entries_of(self, key: Key) -> list[Row]:
        return [row for row in self.rows("entries") if self.account_of(row) == key]

    def account_of(self, row: Row) -> Key | None:
        """The account of an entry; None where several share it."""
        if self.has("shares"):
            return None
        return (row["account_id"], row.get("account_place"))[
            : len(self.app.ledger.entries["entries"].account)
        ]

    def joined(self, row: Row, block: str = "entries") -> list[Row]:
        join = self.app.ledger.entries[block].join
        return join.rows(row, self.books) if join else [row]

    def counts(self, row: Row) -> bool:
        return any(self.app.ledger.entries["entries"].counts(one) for one in self.joined(row))

    def amount(self, row: Row) -> Any:
        """What it adds to the main balance if it counts."""
        ledger = self.app.ledger
        (amount, *_) = [
            term.amount or ledger.entries["entries"].amount
            for term in ledger.balances[MAIN].sum
            if term.entries == "entries"
        ]
        assert amount is not None
        return amount.of(row) or 0

    def ways_not_to_count(self) -> list[dict[str, Any]]:
        """Values by which an entry is left out."""
        ways: list[dict[str, Any]] = []
        if self.has("status"):
            ways += [{"status": "failed"}, {"status": "pending"}, {"status": None}]
        if self.has("deleted_at"):
            ways += [{"deleted_at": self.now}]
        if self.has("channel"):
            ways += [{"channel": 2}]
        if self.has("expires"):
            ways += [{"expires_at": AS_OF}, {"expires_at": AS_OF - SECOND}]
        return ways

    def post(
        self,
        key: Key,
        amount: Any,
        *,
        reason: str | None = ADJUST,
        follow: bool = True,
        sharers: Sequence[Key] = (),
        **values: Any,
    ) -> Row:
        """One entry, and the stored balance with it."""
        hold = values.get("booking") or values.get("cart")
        about = [hold] if hold else [key, *sharers]
        self._wait_out(*((one, reason, amount) for one in about))
        entry_id = self.new_value(self.app.shape.entry_key.replace("pair", "bigint"), "entry")
        line = None if self.one_of([True, False]) else "b"
        rows = self.account_rows(key)
        row = self.insert(
            "entries",
            **{
                "id": entry_id,
                "line": line,
                "account_id": key[0],
                "account_place": key[-1],
                "status": SETTLED,
                "channel": 1,
                "at": self.now,
                "reason": reason,
                "entry_currency": rows[0].get("currency", "EUR") if rows else "EUR",
                "kind": "goods"
                if values.get("booking") and self.has("holds of goods")
                else self.one_of(["goods", "other", None]),
                "expires_at": self.one_of([None, AS_OF + SECOND]),
                **values,
            },
        )
        self.app.write_amount(row, amount)
        if self.has("shares"):
            for sharer in (key, *sharers):
                self.insert(
                    "shares", share_of=entry_id, share_account=sharer[0], share_place=sharer[-1]
                )
        if self.has("running") and self.counts(row) and key in self._chain:
            self._versions[key] = self._versions.get(key, 0) + 1
            row["before"] = self._chain[key]
            row["after"] = self._chain[key] = self._chain[key] + amount
            row["version"] = self._versions[key]
        if self.has("lots") and amount and amount > 0 and self.one_of([True, False]):
            row["remaining"] = amount
        if follow:
            self.follow(row)
        self.write(f"entry {row}")
        return row

    def _wait_out(self, *alike: tuple[Any, ...]) -> None:
        """Until nothing like that was written in the last seconds."""
        for like in alike:
            self.now = max(self.now, self._last_like.get(like, CREATED) + 6 * SECOND)
        self._last_like.update(dict.fromkeys(alike, self.now))

    def follow(self, row: Row, block: str = "entries", sign: int = 1) -> None:
        """The stored balances move with a row."""
        ledger = self.app.ledger
        for joined in self.joined(row, block):
            rows = self.account_rows(ledger.entries[block].account_of(joined))
            for name, column in STORED.items():
                amount = ledger.amount_in(name, block, joined) if name in ledger.balances else 0
                if amount and rows and rows[0][column] is not None:
                    rows[0][column] += sign * amount
            if rows and "shown" in rows[0]:
                rows[0]["shown"] = rows[0]["balance"]

    def chain_of(self, key: Key) -> Any:
        """The balance that its next entry will have seen before."""
        return self._chain[key]

    def rewind(self, key: Key, before: Any) -> None:
        """Its next entry will have seen that balance."""
        self._chain[key] = before

    def correct(self, key: Key, amount: Any) -> Row:
        """An entry of the other block."""
        self._wait_out((key, "corrections", amount))
        row = self.insert(
            "corrections",
            correction_no=self.number("correction"),
            about_id=key[0],
            about_place=key[-1],
            lowered_by=-amount,
            at=self.now,
            reason=ADJUST,
        )
        self.follow(row, "corrections")
        self.write(f"correction {row}")
        return row

    def transfer(self, sender: Key, receiver: Key, size: Any) -> Row:
        """One row that is an entry of two blocks."""
        row = self.insert(
            "transfers",
            transfer_no=self.number("transfer"),
            sender_id=sender[0],
            sender_place=sender[-1],
            receiver_id=receiver[0],
            receiver_place=receiver[-1],
            size=size,
            at=self.now,
        )
        self.follow(row, "sent")
        self.follow(row, "received")
        self.write(f"transfer {row}")
        return row

    def transact(self, one: Key, other: Key, amount: Any) -> tuple[Row, Row]:
        """A transaction of two entries."""
        number = self.number("transaction")
        return self.post(one, -amount, txn=number), self.post(other, amount, txn=number)

    def reverse(self, row: Row, amount: Any) -> Row:
        """Takes back so much of an entry."""
        key = self.account_of(row)
        assert key is not None
        return self.post(key, -amount, reverses=row["id"])

    # Holds

    @property
    def hold_sign(self) -> int:
        return 1 if self.has("holds add") else -1

    def unit(self, booking: Row) -> int:
        offers = {row["offer_no"]: row["unit"] for row in self.rows("offers")}
        return offers.get(booking.get("offer"), 1)

    def size(self, booking: Row) -> Any:
        """The hold's amount."""
        return booking["spaces"] * self.unit(booking)

    def booking_key(self, booking: Row) -> Key:
        return (booking["account_id"], booking.get("account_place"))[
            : 2 if self.app.shape.account_key in ("pair", "stamped") else 1
        ]

    def request(self, key: Key, spaces: Any) -> Row:
        booking = self.insert(
            "bookings",
            id=self.new_value(self.app.shape.hold_key, "booking"),
            account_id=key[0],
            account_place=key[-1],
            spaces=spaces,
            used=self.app.money(0),
            status="requested",
            requested_at=self.now,
            name=f"Booking {self.number('booking name')}",
            voided=False,
            offer=self.one_of([1, 2]),
        )
        self.write(f"request {booking}")
        return booking

    def may_approve(self, booking: Row) -> bool:
        key, size = self.booking_key(booking), self.size(booking)
        return (
            booking["status"] == "requested"
            and self.has_room(key, self.hold_sign * size)
            and (self.hold_sign > 0 or self.is_free(key, size))
        )

    def approve(self, booking: Row) -> Row:
        booking["status"] = "approved"
        booking["approved_at"] = self.now
        return self.post(
            self.booking_key(booking),
            self.hold_sign * self.size(booking),
            reason=TAKE,
            booking=booking["id"],
        )

    def give_back(self, booking: Row, spaces: Any) -> None:
        if spaces:
            self.post(
                self.booking_key(booking),
                -self.hold_sign * spaces * self.unit(booking),
                reason=GIVE,
                booking=booking["id"],
            )

    def finish(self, booking: Row, used: Any) -> None:
        booking["used"] = min(used, booking["spaces"])
        booking["status"] = "finished"
        self.give_back(booking, booking["spaces"] - booking["used"])

    def cancel(self, booking: Row) -> None:
        held = {"approved": booking["spaces"], "finished": booking["used"]}
        self.give_back(booking, held.get(booking["status"], 0))
        booking["status"] = "cancelled"

    def reserve(self, key: Key, size: Any) -> Row:
        """A hold of the other kind."""
        cart = self.insert(
            "carts",
            cart_no=self.number("cart"),
            of_id=key[0],
            of_place=key[-1],
            size=size,
            state="open",
        )
        self.write(f"reserve {cart}")
        self.post(key, self.hold_sign * size, reason=TAKE, cart=cart["cart_no"])
        return cart

    def drop(self, cart: Row) -> None:
        cart["state"] = "dropped"
        size = len(self.app.ledger.accounts.key)
        self.post(
            (cart["of_id"], cart.get("of_place"))[:size],
            -self.hold_sign * cart["size"],
            reason=GIVE,
            cart=cart["cart_no"],
        )

    # The draws

    def play(self) -> None:
        """Opens the books, and does lawful things for a day."""
        for plan, opening, ceiling in ((1, 0, None), (2, 40, 4_000), (3, 100, 2_000)):
            if self.has("plan"):
                money = self.app.money
                ceilings = None if ceiling is None else money(ceiling)
                self.insert(
                    "plans", plan_no=plan, plan_opening=money(opening), plan_ceiling=ceilings
                )
        if self.has("channel"):
            self.insert("channels", channel_no=1, channel_is_live=True)
            self.insert("channels", channel_no=2, channel_is_live=self.one_of([False, None]))
        if self.has("hold offer"):
            self.insert("offers", offer_no=1, unit=1)
            self.insert("offers", offer_no=2, unit=3)
        for _ in range(self.draw(st.integers(1, 4))):
            self.open_account()
        for _ in range(3):
            key = self.open_account(is_steady=True)
            self.post(key, self.app.money(60))
            self.now += 7 * SECOND
            self.post(key, self.app.money(-9))
        self._leave_garbage_out()
        names = ["post", "post", *self._operations()]
        steps = st.builds(
            Step,
            name=st.sampled_from(names),
            gap=st.sampled_from(_GAPS),
            pick=st.integers(0, 20),
            amount=st.integers(-60, 90),
        )
        fewest = self.draw(st.sampled_from([0, 10, 20]))
        for step in self.draw(st.lists(steps, min_size=fewest, max_size=fewest + 15)):
            self.now += step.gap
            getattr(self, f"_{step.name}")(step)

    def _operations(self) -> list[str]:
        found = []
        if self.has("holds"):
            found += ["request", "request", "approve", "approve", "finish", "cancel"]
            found += ["void"] if self.has("hold where") else []
        found += ["reserve", "reserve", "drop"] if self.has("carts") else []
        found += ["correct"] if self.has("corrections") else []
        found += ["transfer"] if self.has("transfers") else []
        found += ["transact"] if self.has("transaction") else []
        found += ["reverse", "reverse"] if self.has("reverses") else []
        found += ["noise", "noise"] if self.ways_not_to_count() else []
        found += ["use"] if self.has("lots") else []
        if not self.has("running"):
            found += ["ghost", "nobody"]
        return found

    def _leave_garbage_out(self) -> None:
        """An account that is not audited, and agrees with nothing."""
        if self.has("archived accounts"):
            key = self.open_account()
            self.keys.remove(key)
            self.post(key, self.app.money(11))
            for row in self.account_rows(key):
                row["archived_at"] = self.now
                row["balance"] = self.one_of([None, self.app.money(-999)])

    def _post(self, step: Step) -> None:
        key = self.keys[step.pick % len(self.keys)]
        amount = self.app.money(step.amount)
        if amount == 0 and self.has("reasons"):
            return
        sharers = self.others(key)[: step.pick % 3] if self.has("shares") else []
        if all(self.has_room(one, amount) for one in (key, *sharers)) and (
            amount > 0 or self.is_free(key, -amount)
        ):
            self.post(key, amount, sharers=sharers)

    def _noise(self, step: Step) -> None:
        """A row that does not count, whatever it says."""
        way = self.one_of(self.ways_not_to_count())
        key = self.keys[step.pick % len(self.keys)]
        self.post(key, self.app.money(step.amount), **way)

    def _ghost(self, step: Step) -> None:
        """Entries of an account that has no row, which come to nothing."""
        key = self.new_account_key()
        amount = self.app.money(step.amount or 1)
        for one in (amount, -amount):
            self.post(key, one, kind="goods")

    def _nobody(self, step: Step) -> None:
        """An entry of no account."""
        size = len(self.app.ledger.accounts.key)
        self.post((None,) * size, self.app.money(step.amount or 1))

    def _correct(self, step: Step) -> None:
        key = self.keys[step.pick % len(self.keys)]
        amount = self.app.money(step.amount or 1)
        if self.has_room(key, amount) and (amount > 0 or self.is_free(key, -amount)):
            self.correct(key, amount)

    def _transfer(self, step: Step) -> None:
        sender = self.keys[step.pick % len(self.keys)]
        receiver = self.keys[(step.pick + 1) % len(self.keys)]
        size = self.app.money(abs(step.amount) + 1)
        if (
            sender != receiver
            and self.has_room(sender, -size)
            and self.has_room(receiver, size)
            and self.is_free(sender, size)
        ):
            self.transfer(sender, receiver, size)

    def others(self, key: Key) -> list[Key]:
        """Other accounts of the same currency."""
        currency = self.account_rows(key)[0].get("currency")
        return [
            other
            for other in self.keys
            if other != key and self.account_rows(other)[0].get("currency") == currency
        ]

    def _transact(self, step: Step) -> None:
        one = self.keys[step.pick % len(self.keys)]
        amount = self.app.money(abs(step.amount) + 1)
        others = self.others(one)
        if others and self.has_room(one, -amount) and self.is_free(one, amount):
            other = others[step.pick % len(others)]
            if self.has_room(other, amount):
                self.transact(one, other, amount)

    def reversible(self) -> list[Row]:
        """Counted entries of no hold that nothing has taken back, nor take anything back."""
        taken_back = {row["reverses"] for row in self.rows("entries")}
        return [
            row
            for row in self.rows("entries")
            if self.account_of(row) in self.keys
            and self.counts(row)
            and self.amount(row)
            and row.get("booking") is None
            and row.get("cart") is None
            and row["reverses"] is None
            and row["id"] not in taken_back
        ]

    def _reverse(self, step: Step) -> None:
        rows = self.reversible()
        if rows:
            row = rows[step.pick % len(rows)]
            key, amount = self.account_of(row), self.amount(row)
            assert key is not None
            if self.has_room(key, -amount) and (amount < 0 or self.is_free(key, amount)):
                if step.amount % 3 == 0 and self.ways_not_to_count():
                    way = self.one_of(self.ways_not_to_count())
                    self.post(key, -amount, reverses=row["id"], **way)
                elif step.amount % 3 == 1 and abs(amount) > 1:
                    part = self.app.money(1) if amount > 0 else -self.app.money(1)
                    self.reverse(row, part)
                    self.reverse(row, amount - part)
                else:
                    self.reverse(row, amount)

    def _use(self, step: Step) -> None:
        lots = [row for row in self.rows("entries") if row["remaining"]]
        if lots:
            self.use(lots[step.pick % len(lots)])

    def use(self, lot: Row) -> Row:
        """Something of what is left of a lot."""
        amount = min(lot["remaining"], self.few())
        lot["remaining"] -= amount
        row = self.insert("uses", use_no=self.number("use"), lot=lot["id"], used_up=amount)
        self.write(f"use {row}")
        return row

    def _request(self, step: Step) -> None:
        self.request(self.keys[step.pick % len(self.keys)], self.app.money(abs(step.amount) // 4))

    def bookings(self, *statuses: str) -> list[Row]:
        return [
            row
            for row in self.rows("bookings")
            if row["status"] in statuses and row.get("voided", False) is False
        ]

    def _approve(self, step: Step) -> None:
        rows = [row for row in self.bookings("requested") if self.may_approve(row)]
        if rows:
            row = rows[step.pick % len(rows)]
            if row["spaces"] or not self.has("reasons"):
                self.approve(row)

    def _finish(self, step: Step) -> None:
        rows = self.bookings("approved")
        if rows:
            row = rows[step.pick % len(rows)]
            if self.has_room(self.booking_key(row), -self.hold_sign * self.size(row)):
                self.finish(row, self.app.money(abs(step.amount) // 5))

    def _cancel(self, step: Step) -> None:
        rows = self.bookings("requested", "approved", "finished")
        if rows:
            row = rows[step.pick % len(rows)]
            if self.has_room(self.booking_key(row), -self.hold_sign * self.size(row)):
                self.cancel(row)

    def _reserve(self, step: Step) -> None:
        key = self.keys[step.pick % len(self.keys)]
        size = self.app.money(abs(step.amount) // 4 + 1)
        if self.has_room(key, self.hold_sign * size) and (
            self.hold_sign > 0 or self.is_free(key, size)
        ):
            self.reserve(key, size)

    def _drop(self, step: Step) -> None:
        size = len(self.app.ledger.accounts.key)
        for cart in self.rows("carts"):
            key = (cart["of_id"], cart.get("of_place"))[:size]
            if cart["state"] == "open" and self.has_room(key, -self.hold_sign * cart["size"]):
                self.drop(cart)
                return

    def _void(self, step: Step) -> None:
        """A hold that is not audited, and that no entry was written for."""
        booking = self.request(self.keys[step.pick % len(self.keys)], self.app.money(5))
        booking.update(voided=self.one_of([True, None]), status="approved")


@st.composite
def histories(draw: st.DrawFn, shapes: st.SearchStrategy[Shape]) -> History:
    """A lawful history of an application of one of the shapes."""
    history = History(build(draw(shapes)), draw)
    history.play()
    return history
