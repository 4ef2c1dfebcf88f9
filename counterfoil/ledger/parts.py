"""The parts of a compiled ledger: what each says in SQL, and a query for some of its rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from counterfoil.contract.ledgers import RECORDED, Ledger
from counterfoil.contract.sql_words import AS_OF

MOST_ROWS = 10

# As the compiler writes what the contract does not declare.
_UNDECLARED = frozenset({None, "null::text", "null::timestamptz"})


@dataclass(frozen=True)
class Column:
    """What its rows are shown by: a caption, and SQL over the row."""

    caption: str
    sql: str
    is_amount: bool = False

    @property
    def text(self) -> str:
        """SQL for it as text: of an amount without the zeros that only its type adds."""
        return (
            f"trim_scale(({self.sql})::numeric)::text" if self.is_amount else f"({self.sql})::text"
        )


@dataclass(frozen=True)
class Part:
    """One part of a ledger.

    Attributes:
        title: what it is, and its name.
        key: that of the contract, below the ledger's own.
        says: pairs of what the contract calls something, and the SQL that it comes to; `as_of`
            stands there for the audit's instant.
        columns: of the query.
        relation: the table with its join.
        condition: which of its rows are shown.
    """

    title: str
    key: str
    says: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    relation: str
    condition: str

    @property
    def query(self) -> str:
        """For at most `MOST_ROWS` rows, in no order, each column as text."""
        selected = ", ".join(column.text for column in self.columns)
        return (
            f"select {selected} from {self.relation}"  # noqa: S608
            f" where {self.condition} limit {MOST_ROWS}"
        )


def parts_of(declared: Ledger, compiled: Mapping[str, Any]) -> Iterator[Part]:
    """The accounts, each balance, each block of entries, and each kind of holds.

    Args:
        declared: the ledger as the contract has it.
        compiled: the same, as `compile_ledgers` has it.
    """
    accounts = compiled["accounts"]
    yield _accounts(accounts)
    for name, balance in declared.balances.items():
        found = next(one for one in compiled["balances"] if one["name"] == name)
        sums = ", ".join(dict.fromkeys(term.entries for term in balance.terms))
        yield _balance(found, sums or "no entries", accounts)
    for name, block in zip(declared.entries, compiled["blocks"], strict=True):
        yield _entries(name, block)
    for name, holds in zip(declared.holds, compiled["holds"], strict=True):
        yield _holds(name, tuple(declared.holds[name].owes), holds)


def _accounts(accounts: Mapping[str, Any]) -> Part:
    told = {name: accounts[name] for name in ("label", "currency", "created_at")}
    return Part(
        "accounts",
        "accounts",
        _said(
            table=accounts["relation"],
            key=accounts["account"],
            where=accounts["is_audited"],
            **told,
        ),
        (
            Column("account", accounts["account"]),
            *(Column(name, sql) for name, sql in told.items() if sql not in _UNDECLARED),
        ),
        accounts["relation"],
        _audited(accounts),
    )


def _balance(balance: Mapping[str, Any], sums: str, accounts: Mapping[str, Any]) -> Part:
    names = ("stored", "opening", "min", "max", "tolerance")
    numbers = {name: balance[name] for name in names if balance[name] is not None}
    opening = {"opening": RECORDED} if balance["is_recorded"] else {}
    return Part(
        f"balance {balance['name']}",
        f"balances.{balance['name']}",
        _said(**numbers, **opening, sum=sums),
        (
            Column("account", accounts["account"]),
            *(Column(name, sql, is_amount=True) for name, sql in numbers.items()),
        ),
        accounts["relation"],
        _audited(accounts),
    )


def _entries(name: str, block: Mapping[str, Any]) -> Part:
    effects = {balance: sql for balance, sql in block["effects"].items() if sql is not None}
    running = block["running"] or {}
    return Part(
        f"entries {name}",
        f"entries.{name}",
        (
            *_said(
                table=block["relation"],
                key=block["entry"],
                account=block["account"],
                amount=block["amount"],
                where=block["counts"],
            ),
            *((f"adds to {balance}", _readable(sql)) for balance, sql in effects.items()),
            *_said(at=block["at"], reason=block["reason"]),
            *((f"hold of {holds}", _readable(sql)) for holds, sql in block["holds"].items()),
            *_said(
                currency=block["currency"],
                transaction=block["transaction"],
                reverses=block["reverses"],
                before=running.get("before"),
                after=running.get("after"),
                order=", ".join(running.get("order") or ()) or None,
            ),
        ),
        (
            Column("entry", block["entry"]),
            Column("account", f"case when {block['is_set']} then {block['account']} end"),
            Column("counts", f"case when {block['counts']} then 'yes' else 'no' end"),
            *(Column(balance, sql, is_amount=True) for balance, sql in effects.items()),
        ),
        block["relation"],
        "true",
    )


def _holds(name: str, statuses: tuple[str, ...], holds: Mapping[str, Any]) -> Part:
    owed = [one["owed"] for one in holds["owes"]]
    cases = " ".join(f"when {one['status']} then {one['owed']}" for one in holds["owes"])
    return Part(
        f"holds {name}",
        f"holds.{name}",
        (
            *_said(
                table=holds["relation"],
                key=holds["hold"],
                account=holds["account"],
                balance=holds["balance"],
                where=holds["is_audited"],
                label=holds["label"],
                status=holds["status"],
                at=holds["at"],
                amount=holds["amount"],
            ),
            *(
                (f"owes if {status}", _readable(sql))
                for status, sql in zip(statuses, owed, strict=True)
            ),
        ),
        (
            Column("hold", holds["hold"]),
            Column("status", holds["status"]),
            Column("amount", holds["amount"], is_amount=True),
            Column("owed", f"case {holds['status']} {cases} end", is_amount=True),
        ),
        holds["relation"],
        holds["is_audited"],
    )


def _audited(accounts: Mapping[str, Any]) -> str:
    return f"{accounts['is_set']} and {accounts['is_audited']}"


def _said(**sql: str | None) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, _readable(each))
        for name, each in sql.items()
        if each is not None and each not in _UNDECLARED
    )


def _readable(sql: str) -> str:
    return sql.replace(AS_OF, "as_of")
