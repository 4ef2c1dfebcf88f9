"""What an application with a ledger may look like: its tables and its contract.

A shape is a set of features, nearly all of which go with each other. Each comes to columns,
and to keys of the grammar; what a fragment of SQL says is said in Python beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from ledger_oracle.declared import (
    Accounts,
    Balance,
    Books,
    Entries,
    Holds,
    Join,
    Ledger,
    Reasons,
    Row,
    Running,
    Sql,
    Term,
    always,
    named,
)

AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = AS_OF - timedelta(hours=12)
FREEZE = (AS_OF - timedelta(days=3), AS_OF - timedelta(days=2))

MAIN, GOODS, COPY = "available", "moved", "shown"
TAKE, GIVE, ADJUST = "take", "give back", "adjust"
SETTLED = "settled"

# Each feature with those without which it means nothing.
FEATURES: Mapping[str, tuple[str, ...]] = {
    # accounts
    "plan": (),
    "archived accounts": (),
    "label": (),
    "account currency": (),
    "account created_at": (),
    "split accounts": (),
    # balances
    # Nothing is stored, and nothing else judged but its bounds.
    "not stored": ("max column",),
    "opening number": (),
    "opening column": (),
    "opening of the plan": ("plan",),
    "opening recorded": (),
    "min number": (),
    "min column": (),
    "max column": (),
    "max of the plan": ("plan",),
    "at_all_times": ("at",),
    "tolerance number": (),
    "tolerance column": (),
    "second balance": (),
    "amount in sum": (),
    "copied balance": (),
    # entries
    "corrections": (),
    "transfers": (),
    "status": (),
    "deleted_at": (),
    "channel": (),
    "expires": (),
    "shares": (),
    "at": (),
    "reason": (),
    "reasons": ("reason",),
    "entry currency": (),
    "running": (),
    "running in order": ("running",),
    "running without before": ("running", "running in order"),
    "transaction": (),
    "reverses": (),
    "entry key written": (),
    # holds
    "holds": (),
    "hold account": ("holds",),
    "hold offer": ("holds",),
    "hold where": ("holds",),
    "hold label": ("holds",),
    "hold at": ("holds",),
    "hold created_at": ("holds",),
    "hold mapped": ("holds",),
    "hold key written": ("holds",),
    "hold balance written": ("holds",),
    "hold owes nothing at first": ("holds",),
    "holds add": ("holds",),
    "carts": ("holds", "hold mapped"),
    "holds of goods": ("holds", "second balance"),
    # the ledger
    "words": (),
    "epoch": ("hold at",),
    "freezes": ("at", "reasons"),
    "lots": (),
    # how it is written
    "hostile names": (),
    "names of the views": (),
    "qualified": (),
    "references of other types": (),
}

# Two that do not go together.
CONFLICTS = (
    ("opening of the plan", "opening column"),
    ("opening of the plan", "opening number"),
    ("opening column", "opening number"),
    ("opening recorded", "opening of the plan"),
    ("opening recorded", "opening column"),
    ("opening recorded", "opening number"),
    # Before the first audit nothing is known of it but what is stored.
    ("opening recorded", "not stored"),
    ("opening recorded", "running"),
    ("min column", "min number"),
    ("max of the plan", "max column"),
    ("tolerance column", "tolerance number"),
    # A chain is of one block, and each of its rows stands once in it.
    ("running", "corrections"),
    ("running", "transfers"),
    ("running", "shares"),
    ("running", "amount in sum"),
    ("running", "not stored"),
    ("copied balance", "not stored"),
    ("hostile names", "names of the views"),
    ("holds of goods", "carts"),
    ("holds", "shares"),
    ("transaction", "shares"),
    ("reverses", "shares"),
    # What is only ever added has no opening that could be used up.
    ("holds add", "min number"),
    ("holds add", "min column"),
)


@dataclass(frozen=True)
class Shape:
    """The choices. Those that are no features have one of several values."""

    features: frozenset[str] = frozenset()
    account_key: str = "bigint"
    entry_key: str = "bigint"
    hold_key: str = "bigint"
    number: str = "bigint"
    sign: str = "column"

    def has(self, *names: str) -> bool:
        assert FEATURES.keys() >= set(names)
        return self.features.issuperset(names)

    def has_one_of(self, *names: str) -> bool:
        assert FEATURES.keys() >= set(names)
        return not self.features.isdisjoint(names)

    def __repr__(self) -> str:
        keys = f"keys {self.account_key}/{self.entry_key}/{self.hold_key}"
        return f"{keys}, {self.number}, {self.sign}: {', '.join(sorted(self.features)) or 'bare'}"


def settled(wanted: Sequence[str], required: frozenset[str]) -> frozenset[str]:
    """Those required, with all that they need, and of the wanted ones all that go with them."""
    kept = _with_needs(required)
    for name in wanted:
        together = _with_needs(kept | {name})
        if not any(one in together and other in together for one, other in CONFLICTS):
            kept = together
    return kept


def _with_needs(names: frozenset[str]) -> frozenset[str]:
    return names.union(*(_with_needs(frozenset(FEATURES[name])) for name in names))


@st.composite
def shapes(
    draw: st.DrawFn,
    required: frozenset[str] = frozenset(),
    excluded: frozenset[str] = frozenset(),
) -> Shape:
    """A shape with the required features, and without the excluded ones.

    From a seed: hypothesis itself draws most of many choices alike, and pairs go missing.
    """
    choices = Random(draw(st.integers(0, 2**32 - 1)))
    possible = [name for name in FEATURES if excluded.isdisjoint(_with_needs(frozenset({name})))]
    # What has many features of its own, or leaves little to judge, would be there too often.
    for name, most in (("holds", 0.6), ("not stored", 0.2)):
        if choices.random() > most:
            possible = [other for other in possible if name not in _with_needs(frozenset({other}))]
    wanted = choices.sample(possible, choices.randint(0, len(possible) * 3 // 4))
    features = settled(wanted, required)
    entry_keys = ["bigint", "uuid", "text", "pair"]
    if features & {"lots", "shares", "reverses"}:
        entry_keys.remove("pair")
    return Shape(
        features,
        account_key=choices.choice(["bigint", "uuid", "text", "pair", "stamped"]),
        entry_key=choices.choice(entry_keys),
        hold_key=choices.choice(["bigint", "uuid", "text"]),
        number=choices.choice(["bigint", "integer", "numeric"]),
        sign=choices.choice(["column", "negated", "direction"]),
    )


# Names

_HOSTILE = {
    "accounts": 'Kon"to',
    "entries": "select",
    "bookings": "Order 'Items'",
    "plans": "größe plans",
    "corrections": "Corrections",
    "transfers": "from",
    "uses": "User",
    "shares": "table",
    "id": "ID",
    "item": "item id",
    "place": "order",
    "balance": "Balance",
    "amount": 'Amount "net"',
    "taken": "as",
    "quantity": "group",
    "status": "user",
    "at": "at time",
    "name": "näme",
    "spaces": "limit",
    "opened_with": "default",
    "ceiling": "%s max",
    "reason": "{{ reason }}",
    "booking": "hold",
    "cart": "the 'cart'",
    "account_id": "account",
    "before": "Before",
    "after": "After",
}


# Columns that name a row of another table, of a type that need not be that of its key.
_REFERENCES = {("entries", "account_id"), ("bookings", "account_id"), ("corrections", "about_id")}

# What columns of the views and their parts are called.
_OF_THE_VIEWS = {
    "accounts": "sums",
    "entries": "judged",
    "bookings": "hold_rows",
    "plans": "accounts",
    "corrections": "facts",
    "id": "entry",
    "place": "place",
    "balance": "stored_1",
    "moved": "discrepancy_amount",
    "shown": "expected_amount",
    "opened_with": "opening",
    "floor": "lowest",
    "ceiling": "max_amount",
    "slack": "tolerance_amount",
    "archived_at": "is_row",
    "amount": "amount",
    "taken": "effect",
    "quantity": "original",
    "direction": "of",
    "status": "counts",
    "kind": "transaction",
    "deleted_at": "happened_at",
    "expires_at": "previous_after",
    "at": "created_at",
    "account_place": "tenant_id",
    "cart": "number",
    "spaces": "hold_amount",
    "used": "owed_amount",
    "voided": "is_listed",
    "remaining": "rest",
    "before": "after_",
    "account_id": "account_label",
}

# What they mean in a contract wins over columns of those names.
_WORDS = {"recorded", "expected", "hold", "account", "as_of"}


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Table:
    """A table: the names here and in the catalog, and the type of each column."""

    name: str
    columns: dict[str, tuple[str, str]]

    def ddl(self) -> str:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in self.columns.values())
        return f"create table public.{quoted(self.name)} ({columns})"


@dataclass(frozen=True)
class Application:
    """An application of a shape.

    Attributes:
        tables: by the name here.
        ledgers: as its contract declares them.
        write_amount: puts an amount into a row of `entries`.
    """

    shape: Shape
    tables: dict[str, Table]
    ledgers: tuple[Ledger, ...]
    write_amount: Callable[[Row, Any], None]

    @property
    def ledger(self) -> Ledger:
        """The first, which has all of the features but the lots."""
        return self.ledgers[0]

    def name_of(self, table: str) -> str:
        return self.tables[table].name

    def money(self, number: int) -> Any:
        """A number of the kind that its columns hold."""
        return Decimal(number) / 4 if self.shape.number == "numeric" else number

    def ddl(self) -> str:
        return ";\n".join(table.ddl() for table in self.tables.values())

    def empty(self) -> Books:
        return {table.name: [] for table in self.tables.values()}

    def contract(self) -> dict[str, Any]:
        return {
            "database": "oracle",
            "schema": "public",
            "packs": ["ledger"],
            "tables": self._keyed_tables(),
            "ledgers": {ledger.name: ledger.written() for ledger in self.ledgers},
        }

    def _keyed_tables(self) -> dict[str, Any]:
        keys: dict[str, Any] = {}
        for ledger in self.ledgers:
            for block in [*ledger.entries.values(), *ledger.holds.values()]:
                columns = (block.key,) if isinstance(block.key, str) else block.key
                of = next(t for t in self.tables.values() if t.name == block.table)
                spelled = [of.columns[column][0] for column in columns]
                keys[block.table] = {"key": spelled[0] if len(spelled) == 1 else spelled}
        return {name: key | {"in_use": True} for name, key in keys.items()}


class _Builder:
    """Makes the tables and the ledgers of a shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.has = shape.has
        self.money = "numeric(20, 2)" if shape.number == "numeric" else shape.number
        self.columns: dict[str, dict[str, str]] = {}

    def spelled(self, name: str) -> str:
        """What the catalog calls a table or column."""
        if self.has("names of the views"):
            return _OF_THE_VIEWS.get(name, name)
        return _HOSTILE.get(name, name) if self.has("hostile names") else name

    def column(self, table: str, name: str, kind: str) -> Sql:
        """A column, made here, as the whole of a fragment."""
        self.columns.setdefault(table, {})[name] = kind
        spelled = self.spelled(name)
        if spelled in _WORDS:
            return named(name, f"{quoted(self.spelled(table))}.{quoted(spelled)}")
        return named(name, spelled)

    def sql(self, table: str, name: str) -> str:
        """A column within a fragment."""
        column = quoted(self.spelled(name))
        return f"{quoted(self.spelled(table))}.{column}" if self.has("qualified") else column

    def key(self, table: str, kind: str, *names: str) -> tuple[Sql, ...]:
        """The columns of a key, or those that name one."""
        kinds = {"pair": ("bigint", "text"), "stamped": ("text", "timestamptz")}
        types = kinds.get(kind, (kind,))
        if self.has("references of other types") and (table, names[0]) in _REFERENCES:
            others = {"bigint": "integer", "text": "character varying"}
            types = tuple(others.get(one, one) for one in types)
        return tuple(self.column(table, name, one) for name, one in zip(names, types, strict=False))

    # Accounts

    def accounts(self) -> Accounts:
        if self.shape.has("split accounts"):
            self.column("accounts", "row_id", "bigint")
        key = self.key("accounts", self.shape.account_key, "id", "place")
        where = None
        if self.has("archived accounts"):
            self.column("accounts", "archived_at", "timestamptz")
            where = Sql(
                f"{self.sql('accounts', 'archived_at')} is null",
                lambda row: row["archived_at"] is None,
            )
        names = tuple(("id", "place")[: len(key)])
        return Accounts(
            table=self.spelled("accounts"),
            key=names,
            written_key=_one_or_list([part.text for part in key]),
            join=self.plan() if self.has("plan") else None,
            where=where,
            label=self.column("accounts", "name", "text") if self.has("label") else None,
            currency=self.column("accounts", "currency", "text")
            if self.has("account currency")
            else None,
            created_at=self.column("accounts", "created_at", "timestamptz")
            if self.has("account created_at")
            else None,
        )

    def plan(self) -> Join:
        self.column("accounts", "plan", "bigint")
        self.column("plans", "plan_no", "bigint")
        self.column("plans", "plan_opening", self.money)
        self.column("plans", "plan_ceiling", self.money)
        return self.lookup("accounts", "plan", "plans", "plan_no")

    def lookup(self, table: str, column: str, other: str, key: str) -> Join:
        """To the one row of the other table that the column names."""
        theirs, ours = quoted(self.spelled(other)), quoted(self.spelled(table))
        text = (
            f"join public.{theirs} on {theirs}.{quoted(self.spelled(key))}"
            f" = {ours}.{quoted(self.spelled(column))}"
        )
        other = self.spelled(other)
        return Join(
            text,
            lambda row, books: [
                {**found, **row}
                for found in books[other]
                if row[column] is not None and found[key] == row[column]
            ],
        )

    # Balances

    def opening(self) -> Sql | str | None:
        if self.has("opening recorded"):
            return "recorded"
        if self.has("opening of the plan"):
            return self.column("plans", "plan_opening", self.money)
        if self.has("opening column"):
            return self.column("accounts", "opened_with", self.money)
        return always(7) if self.has("opening number") else None

    def minimum(self) -> Sql | None:
        if self.has("min column"):
            return self.column("accounts", "floor", self.money)
        return always(0) if self.has("min number") else None

    def maximum(self) -> Sql | None:
        if self.has("max of the plan"):
            return self.column("plans", "plan_ceiling", self.money)
        return self.column("accounts", "ceiling", self.money) if self.has("max column") else None

    def tolerance(self) -> Sql | None:
        if self.has("tolerance column"):
            return self.column("accounts", "slack", self.money)
        return always(2) if self.has("tolerance number") else None

    def balances(self, amount: Sql) -> dict[str, Balance]:
        shape = self.shape
        stored = self.column("accounts", "balance", self.money)
        in_sum = amount if shape.has("amount in sum") else None
        terms = [Term("entries", in_sum)]
        terms += [Term("corrections")] if shape.has("corrections") else []
        terms += [Term("sent"), Term("received")] if shape.has("transfers") else []
        minimum, maximum = self.minimum(), self.maximum()
        found = {
            MAIN: Balance(
                sum=tuple(terms),
                stored=None if shape.has("not stored") else stored,
                opening=self.opening(),
                min=minimum,
                max=maximum,
                at_all_times=shape.has("at_all_times") and bool(minimum or maximum),
                tolerance=self.tolerance(),
            )
        }
        if shape.has("second balance"):
            self.column("entries", "kind", "text")
            opposite = Sql(f"-({amount.text})", lambda row: _negated(amount.of(row)))
            if isinstance(amount.text, str) and shape.sign == "column":
                opposite = Sql(
                    f"-{self.sql('entries', 'amount')}", lambda row: _negated(amount.of(row))
                )
            goods = Sql(f"{self.sql('entries', 'kind')} = 'goods'", lambda r: r["kind"] == "goods")
            found[GOODS] = Balance(
                sum=(Term("entries", opposite, goods),),
                stored=self.column("accounts", "moved", self.money),
            )
        if shape.has("copied balance"):
            copy = self.column("accounts", "shown", self.money)
            found[COPY] = Balance(sum=(), stored=copy, opening=stored)
        return found

    # Entries

    def amount(self) -> tuple[Sql, Callable[[Row, Any], None]]:
        """The amount of an entry, and how the application writes it."""
        if self.shape.sign == "column":
            column = self.column("entries", "amount", self.money)
            return column, lambda row, amount: row.update(amount=amount)
        if self.shape.sign == "negated":
            self.column("entries", "taken", self.money)
            fragment = Sql(f"-{self.sql('entries', 'taken')}", lambda row: _negated(row["taken"]))
            return fragment, lambda row, amount: row.update(taken=_negated(amount))
        self.column("entries", "quantity", self.money)
        self.column("entries", "direction", "text")
        quantity = self.sql("entries", "quantity")
        fragment = Sql(
            f"case when {self.sql('entries', 'direction')} = 'in' then {quantity}"
            f" else -{quantity} end",
            lambda row: row["quantity"] if row["direction"] == "in" else _negated(row["quantity"]),
        )
        return fragment, lambda row, amount: row.update(
            quantity=None if amount is None else abs(amount),
            direction="in" if amount is None or amount >= 0 else "out",
        )

    def condition(self) -> Sql | None:
        parts = []
        if self.has("status"):
            self.column("entries", "status", "text")
            status = f"{self.sql('entries', 'status')} = '{SETTLED}'"
            parts.append(Sql(status, lambda row: row["status"] == SETTLED))
        if self.has("deleted_at"):
            self.column("entries", "deleted_at", "timestamptz")
            deleted = f"{self.sql('entries', 'deleted_at')} is null"
            parts.append(Sql(deleted, lambda row: row["deleted_at"] is None))
        if self.has("channel"):
            live = self.column("channels", "channel_is_live", "boolean")
            parts.append(Sql(str(live.text), lambda row: row["channel_is_live"] is True))
        if self.has("expires"):
            self.column("entries", "expires_at", "timestamptz")
            later = f"coalesce({self.sql('entries', 'expires_at')} > as_of, true)"
            parts.append(
                Sql(later, lambda row: row["expires_at"] is None or row["expires_at"] > AS_OF)
            )
        if not parts:
            return None
        return Sql(
            " and ".join(str(part.text) for part in parts),
            lambda row: all(part.of(row) for part in parts),
        )

    def entries(self, amount: Sql) -> Entries:
        shape = self.shape
        key = self.key("entries", shape.entry_key, "id", "line")
        join, account = None, ()
        if shape.has("shares"):
            join, account = self.shares()
        else:
            account = self.key("entries", shape.account_key, "account_id", "account_place")
        if shape.has("channel"):
            self.column("entries", "channel", "bigint")
            self.column("channels", "channel_no", "bigint")
            channels = self.lookup("entries", "channel", "channels", "channel_no")
            join = both(join, channels) if join else channels
        hold = {}
        if shape.has("holds"):
            kind = shape.hold_key
            if shape.has("references of other types") and kind == "text":
                kind = "character varying"
            hold["bookings"] = self.column("entries", "booking", kind)
        if shape.has("carts"):
            hold["carts"] = self.column("entries", "cart", "bigint")
        return Entries(
            table=self.spelled("entries"),
            account=account,
            key=("id", "line")[: len(key)],
            written_key=_one_or_list([part.text for part in key])
            if shape.has("entry key written")
            else None,
            amount=None if shape.has("amount in sum") else amount,
            join=join,
            where=self.condition(),
            at=self.column("entries", "at", "timestamptz") if shape.has("at") else None,
            reason=self.column("entries", "reason", "text") if shape.has("reason") else None,
            hold=hold,
            is_hold_mapped=shape.has("hold mapped"),
            currency=self.column("entries", "entry_currency", "text")
            if shape.has("entry currency")
            else None,
            running=self.running() if shape.has("running") else None,
            transaction=self.column("entries", "txn", "bigint")
            if shape.has("transaction")
            else None,
            reverses=self.column("entries", "reverses", shape.entry_key)
            if shape.has("reverses")
            else None,
        )

    def shares(self) -> tuple[Join, tuple[Sql, ...]]:
        """An entry stands once for each of the accounts that share it."""
        self.column("shares", "share_of", self.shape.entry_key)
        parts = self.key("shares", self.shape.account_key, "share_account", "share_place")
        theirs, ours = quoted(self.spelled("shares")), quoted(self.spelled("entries"))
        text = f"join public.{theirs} on {theirs}.share_of = {ours}.{quoted(self.spelled('id'))}"
        table = self.spelled("shares")
        join = Join(
            text,
            lambda row, books: [
                {**share, **row} for share in books[table] if share["share_of"] == row["id"]
            ],
        )
        accounts = tuple(Sql(f"{theirs}.{quoted(str(part.text))}", part.of) for part in parts)
        return join, accounts

    def running(self) -> Running:
        has_before = not self.has("running without before")
        return Running(
            after=self.column("entries", "after", self.money),
            before=self.column("entries", "before", self.money) if has_before else None,
            order=self.column("entries", "version", "bigint")
            if self.has("running in order")
            else None,
        )

    def corrections(self) -> Entries:
        """A second table of entries, with the other sign."""
        shape = self.shape
        (key,) = self.key("corrections", "bigint", "correction_no")
        account = self.key("corrections", shape.account_key, "about_id", "about_place")
        self.column("corrections", "lowered_by", self.money)
        lowered = f"- {self.sql('corrections', 'lowered_by')}"
        return Entries(
            table=self.spelled("corrections"),
            account=account,
            key=("correction_no",),
            written_key=key.text,
            amount=Sql(lowered, lambda row: _negated(row["lowered_by"])),
            at=self.column("corrections", "at", "timestamptz") if shape.has("at") else None,
            reason=self.column("corrections", "reason", "text") if shape.has("reason") else None,
        )

    def transfer(self, end: str, sign: int) -> Entries:
        """One end of the transfers: a block of the same table as the other end's."""
        shape = self.shape
        self.key("transfers", "bigint", "transfer_no")
        account = self.key("transfers", shape.account_key, f"{end}_id", f"{end}_place")
        size = self.column("transfers", "size", self.money)
        taken = Sql(f"-{self.sql('transfers', 'size')}", lambda row: _negated(row["size"]))
        return Entries(
            table=self.spelled("transfers"),
            account=account,
            key=("transfer_no",),
            written_key=None,
            amount=size if sign > 0 else taken,
            at=self.column("transfers", "at", "timestamptz") if shape.has("at") else None,
        )

    # Holds

    def holds(self) -> Holds:
        shape = self.shape
        (key,) = self.key("bookings", shape.hold_key, "id")
        account = self.key("bookings", shape.account_key, "account_id", "account_place")
        spaces = self.column("bookings", "spaces", self.money)
        self.column("bookings", "used", self.money)
        times, join = "", None
        if shape.has("hold offer"):
            self.column("bookings", "offer", "bigint")
            self.column("offers", "offer_no", "bigint")
            self.column("offers", "unit", "integer")
            join = self.lookup("bookings", "offer", "offers", "offer_no")
            times = f" * {self.sql('offers', 'unit')}"
        where = None
        if shape.has("hold where"):
            self.column("bookings", "voided", "boolean")
            voided = f"not {self.sql('bookings', 'voided')}"
            where = Sql(voided, lambda row: row["voided"] is False)
        adds = shape.has("holds add") != shape.has("holds of goods")
        sign, minus = (1, "") if adds else (-1, "-")
        of = lambda name: lambda row: _times(row[name], sign * row.get("unit", 1))  # noqa: E731
        owes = {
            "approved": Sql(f"{minus}{self.sql('bookings', 'spaces')}{times}", of("spaces")),
            "finished": Sql(f"{minus}{self.sql('bookings', 'used')}{times}", of("used")),
            "cancelled": always(0),
        }
        if shape.has("hold owes nothing at first"):
            owes["requested"] = always(0)
        amount = spaces
        if times:
            amount = Sql(
                f"{self.sql('bookings', 'spaces')}{times}",
                lambda row: _times(row["spaces"], row["unit"]),
            )
        return Holds(
            table=self.spelled("bookings"),
            key="id",
            written_key=key.text if shape.has("hold key written") else None,
            amount=amount,
            status=self.column("bookings", "status", "text"),
            owes=owes,
            balance=GOODS if shape.has("holds of goods") else MAIN,
            is_balance_written=shape.has_one_of(
                "hold balance written", "second balance", "copied balance"
            ),
            account=account if shape.has("hold account") else (),
            join=join,
            where=where,
            label=self.column("bookings", "name", "text") if shape.has("hold label") else None,
            at=self.column("bookings", "approved_at", "timestamptz")
            if shape.has("hold at")
            else None,
            created_at=self.column("bookings", "requested_at", "timestamptz")
            if shape.has("hold created_at")
            else None,
        )

    def carts(self) -> Holds:
        """Another kind of hold, which every entry may name instead."""
        (key,) = self.key("carts", "bigint", "cart_no")
        account = self.key("carts", self.shape.account_key, "of_id", "of_place")
        size = self.column("carts", "size", self.money)
        minus = "" if self.has("holds add") else "-"
        sign = 1 if self.has("holds add") else -1
        return Holds(
            table=self.spelled("carts"),
            key="cart_no",
            written_key=key.text,
            amount=size,
            status=self.column("carts", "state", "text"),
            owes={
                "open": Sql(
                    f"{minus}{self.sql('carts', 'size')}", lambda row: _times(row["size"], sign)
                ),
                "dropped": always(0),
            },
            balance=MAIN,
            is_balance_written=self.shape.has_one_of("second balance", "copied balance"),
            account=account if self.has("hold account") else (),
        )

    # Lots: what each positive entry has left of it

    def lots(self, amount: Sql) -> Ledger:
        remaining = self.column("entries", "remaining", self.money)
        (lot,) = self.key("uses", self.shape.entry_key, "lot")
        (key,) = self.key("uses", "bigint", "use_no")
        self.column("uses", "used_up", self.money)
        return Ledger(
            name="lots",
            accounts=Accounts(
                table=self.spelled("entries"),
                key=("id",),
                written_key=self.spelled("id"),
                where=Sql(
                    f"{self.sql('entries', 'remaining')} is not null",
                    lambda row: row["remaining"] is not None,
                ),
            ),
            balances={
                "remaining": Balance(
                    sum=(Term("uses"),), stored=remaining, opening=amount, min=always(0)
                )
            },
            entries={
                "uses": Entries(
                    table=self.spelled("uses"),
                    account=(lot,),
                    key=("use_no",),
                    written_key=key.text,
                    amount=Sql(
                        f"-{self.sql('uses', 'used_up')}", lambda row: _negated(row["used_up"])
                    ),
                )
            },
        )

    def build(self) -> Application:
        shape = self.shape
        accounts = self.accounts()
        amount, write_amount = self.amount()
        balances = self.balances(amount)
        blocks = {"entries": self.entries(amount)}
        if shape.has("corrections"):
            blocks["corrections"] = self.corrections()
        if shape.has("transfers"):
            blocks["sent"] = self.transfer("sender", -1)
            blocks["received"] = self.transfer("receiver", 1)
        holds = {"bookings": self.holds()} if shape.has("holds") else {}
        if shape.has("carts"):
            holds["carts"] = self.carts()
        ledgers = [
            Ledger(
                name="tokens",
                accounts=accounts,
                balances=balances,
                entries=blocks,
                holds=holds,
                reasons=Reasons((TAKE,), (GIVE,), (ADJUST,)) if shape.has("reasons") else None,
                words={"account": "event", "hold": "booking", "unit": "seats"}
                if shape.has("words")
                else None,
                epoch=EPOCH if shape.has("epoch") else None,
                freezes=(FREEZE,) if shape.has("freezes") else (),
            )
        ]
        if shape.has("lots"):
            ledgers.append(self.lots(amount))
        tables = {
            name: Table(
                self.spelled(name),
                {column: (self.spelled(column), kind) for column, kind in columns.items()},
            )
            for name, columns in self.columns.items()
        }
        return Application(shape, tables, tuple(ledgers), write_amount)


def build(shape: Shape) -> Application:
    """The application of a shape."""
    return _Builder(shape).build()


def both(first: Join, second: Join) -> Join:
    """A join, and another one of its rows."""
    return Join(
        f"{first.text} {second.text}",
        lambda row, books: [
            last for found in first.rows(row, books) for last in second.rows(found, books)
        ],
    )


def _one_or_list(names: list[Any]) -> Any:
    return names[0] if len(names) == 1 else names


def _negated(number: Any) -> Any:
    return None if number is None else -number


def _times(number: Any, factor: int) -> Any:
    return None if number is None else number * factor
