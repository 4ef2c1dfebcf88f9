"""Ledgers as a contract declares them, each SQL fragment with what it comes to in Python."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = dict[str, Any]
Books = dict[str, list[Row]]
# The values of an account's key.
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Sql:
    """A fragment of the contract, and its value for a row."""

    text: str | int
    of: Callable[[Row], Any]


@dataclass(frozen=True)
class Join:
    """What is put after a table's name, and the rows that one row comes to by it."""

    text: str
    rows: Callable[[Row, Books], list[Row]]


def named(name: str, text: str) -> Sql:
    """A column, by its name here and by that in the catalog."""
    return Sql(text, lambda row: row[name])


def always(value: Any) -> Sql:
    """A number."""
    return Sql(value, lambda _: value)


@dataclass(frozen=True)
class Accounts:
    """Those that have balances. `key` are names of columns here."""

    table: str
    key: tuple[str, ...]
    written_key: Any
    join: Join | None = None
    where: Sql | None = None
    label: Sql | None = None
    currency: Sql | None = None
    created_at: Sql | None = None

    def rows(self, books: Books) -> Iterator[Row]:
        """Every row with what it is joined to, those left out by `where` too."""
        return _joined(self.table, self.join, books)

    def key_of(self, row: Row) -> Key:
        return tuple(row[column] for column in self.key)


@dataclass(frozen=True)
class Term:
    """Rows of a block, and what they add to a balance."""

    entries: str
    amount: Sql | None = None
    where: Sql | None = None


@dataclass(frozen=True)
class Balance:
    """One number of an account. `opening` is a fragment, None for 0, or 'recorded'."""

    sum: tuple[Term, ...]
    stored: Sql | None = None
    opening: Sql | str | None = None
    min: Sql | None = None
    max: Sql | None = None
    at_all_times: bool = False
    tolerance: Sql | None = None


@dataclass(frozen=True)
class Running:
    """The balance that each entry has seen before and after itself."""

    after: Sql
    before: Sql | None
    order: Sql | None


@dataclass(frozen=True)
class Entries:
    """A block of entries. `holds` maps a block of holds to the column that names one."""

    table: str
    account: tuple[Sql, ...]
    key: tuple[str, ...]
    written_key: Any
    amount: Sql | None = None
    join: Join | None = None
    where: Sql | None = None
    at: Sql | None = None
    reason: Sql | None = None
    hold: Mapping[str, Sql] = field(default_factory=dict)
    is_hold_mapped: bool = False
    currency: Sql | None = None
    running: Running | None = None
    transaction: Sql | None = None
    reverses: Sql | None = None

    def rows(self, books: Books) -> Iterator[Row]:
        return _joined(self.table, self.join, books)

    def key_of(self, row: Row) -> Key:
        return tuple(row[column] for column in self.key)

    def account_of(self, row: Row) -> Key:
        return tuple(part.of(row) for part in self.account)

    def counts(self, row: Row) -> bool:
        return self.where is None or self.where.of(row) is True


@dataclass(frozen=True)
class Holds:
    """A block of holds. `owes` has what a hold's entries sum to, by status."""

    table: str
    key: str
    written_key: Any
    amount: Sql
    status: Sql
    owes: Mapping[str, Sql]
    balance: str
    is_balance_written: bool = False
    account: tuple[Sql, ...] = ()
    join: Join | None = None
    where: Sql | None = None
    label: Sql | None = None
    at: Sql | None = None
    created_at: Sql | None = None

    def rows(self, books: Books) -> Iterator[Row]:
        """Those that `where` keeps."""
        for row in _joined(self.table, self.join, books):
            if self.where is None or self.where.of(row) is True:
                yield row

    def account_of(self, row: Row) -> Key | None:
        return tuple(part.of(row) for part in self.account) if self.account else None


@dataclass(frozen=True)
class Reasons:
    """What an entry's reason says that it does."""

    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    adjusts: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return self.takes + self.gives + self.adjusts


@dataclass(frozen=True)
class Ledger:
    """One ledger of a contract."""

    name: str
    accounts: Accounts
    balances: Mapping[str, Balance]
    entries: Mapping[str, Entries] = field(default_factory=dict)
    holds: Mapping[str, Holds] = field(default_factory=dict)
    reasons: Reasons | None = None
    words: Mapping[str, str] | None = None
    epoch: datetime | None = None
    freezes: tuple[tuple[datetime, datetime], ...] = ()

    def amount_in(self, balance: str, block: str, row: Row) -> Any:
        """What a row of the block adds to the balance; 0 if it does not count in it."""
        entries = self.entries[block]
        return sum(
            (term.amount or entries.amount).of(row) or 0
            for term in self.balances[balance].sum
            if term.entries == block
            and entries.counts(row)
            and (term.where is None or term.where.of(row) is True)
        )

    def written(self) -> dict[str, Any]:
        """What stands in the contract under the ledger's name."""
        accounts, reasons = self.accounts, self.reasons
        return _given(
            {
                "words": dict(self.words) if self.words else None,
                "epoch": self.epoch.isoformat() if self.epoch else None,
                "freezes": [
                    {"from": start.isoformat(), "until": end.isoformat()}
                    for start, end in self.freezes
                ],
                "accounts": _given(
                    {
                        "table": accounts.table,
                        "key": accounts.written_key,
                        "join": _text(accounts.join),
                        "where": _text(accounts.where),
                        "label": _text(accounts.label),
                        "currency": _text(accounts.currency),
                        "created_at": _text(accounts.created_at),
                    }
                ),
                "balances": {name: _balance(row) for name, row in self.balances.items()},
                "entries": {name: _entries(row) for name, row in self.entries.items()},
                "holds": {name: _holds(row) for name, row in self.holds.items()},
                "reasons": reasons
                and _given(
                    {name: list(getattr(reasons, name)) for name in ("takes", "gives", "adjusts")}
                ),
            }
        )


def _joined(table: str, join: Join | None, books: Books) -> Iterator[Row]:
    for row in books[table]:
        yield from join.rows(row, books) if join else [row]


def _text(fragment: Sql | Join | None) -> str | int | None:
    return None if fragment is None else fragment.text


def _given(clause: dict[str, Any]) -> dict[str, Any]:
    """Without what is not given; a number 0 is."""
    return {key: value for key, value in clause.items() if value not in (None, [], {}, False)} | {
        key: value for key, value in clause.items() if value == 0 and value is not False
    }


def _one_or_list(fragments: tuple[Sql, ...]) -> Any:
    texts = [fragment.text for fragment in fragments]
    return texts[0] if len(texts) == 1 else texts or None


def _balance(balance: Balance) -> dict[str, Any]:
    terms = [
        {"entries": term.entries}
        | _given({"amount": _text(term.amount), "where": _text(term.where)})
        if term.amount or term.where
        else term.entries
        for term in balance.sum
    ]
    opening = balance.opening if isinstance(balance.opening, str) else _text(balance.opening)
    return _given(
        {
            "stored": _text(balance.stored),
            "opening": opening,
            "min": _text(balance.min),
            "max": _text(balance.max),
            "at_all_times": balance.at_all_times,
            "tolerance": _text(balance.tolerance),
        }
    ) | {"sum": terms}


def _entries(block: Entries) -> dict[str, Any]:
    hold: Any = {name: column.text for name, column in block.hold.items()}
    if hold and not block.is_hold_mapped:
        (hold,) = hold.values()
    running = block.running
    return _given(
        {
            "table": block.table,
            "key": block.written_key,
            "account": _one_or_list(block.account),
            "amount": _text(block.amount),
            "join": _text(block.join),
            "where": _text(block.where),
            "at": _text(block.at),
            "reason": _text(block.reason),
            "hold": hold,
            "currency": _text(block.currency),
            "running_balance": running
            and _given(
                {
                    "before": _text(running.before),
                    "after": _text(running.after),
                    "order": [running.order.text] if running.order else None,
                }
            ),
            "transaction": _text(block.transaction),
            "reverses": _text(block.reverses),
        }
    )


def _holds(block: Holds) -> dict[str, Any]:
    return _given(
        {
            "table": block.table,
            "key": block.written_key,
            "balance": block.balance if block.is_balance_written else None,
            "account": _one_or_list(block.account),
            "amount": _text(block.amount),
            "join": _text(block.join),
            "where": _text(block.where),
            "label": _text(block.label),
            "status": _text(block.status),
            "at": _text(block.at),
            "created_at": _text(block.created_at),
            "owes": {status: owed.text for status, owed in block.owes.items()},
        }
    )
