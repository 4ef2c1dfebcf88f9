"""What else a ledger's entries keep: the balance before and after each, and transactions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import identifier
from counterfoil.contract.catalog import CatalogTable
from counterfoil.contract.clauses import locate
from counterfoil.draft.ledgers.fit import is_enough
from counterfoil.draft.ledgers.sample import ACCOUNT, named_in, number, numbered
from counterfoil.draft.ledgers.terms import FoundBalance, Term

# Accounts whose entries are followed, and transactions that are added up.
_FOLLOWED = 200
_TRANSACTIONS = 400

# No column of the application's is called so.
_SIGNED = "counterfoil_signed"
_STORED = "counterfoil_stored"
_OPENING = "counterfoil_opening"

_WHOLE = ("smallint", "integer", "bigint")
# What names the transaction of an entry.
_NAMING = re.compile("id$|transaction|transfer|journal|batch|group|reference|number")
_TRANSACTION_TYPES = (*_WHOLE, "uuid", "text", "character varying")


@dataclass(frozen=True)
class RunningBalance:
    """The balance that each entry keeps.

    Attributes:
        before: the column of the balance before it; None if only the one after is kept.
        after: the column of the balance after it.
        order: the column by which an account's entries follow each other, if one tells.
        holding: for how many entries it holds, of how many.
    """

    before: str | None
    after: str
    order: str | None
    holding: tuple[int, int]


@dataclass(frozen=True)
class Transactions:
    """Entries that come to 0 together.

    Attributes:
        column: what those of one transaction have alike.
        holding: for how many transactions it holds, of how many.
    """

    column: str
    holding: tuple[int, int]


def find_running_balance(
    connection: Connection,
    balance: FoundBalance,
    table: CatalogTable,
    numbers: Sequence[str],
    schemas: Sequence[str],
) -> RunningBalance | None:
    """The columns of the entries that keep the stored number as it was, if there are some.

    Args:
        connection: in a transaction.
        balance: of one term, without anything joined.
        table: its entries.
        numbers: their columns that may be balances.
        schemas: the contract's.
    """
    if not numbers:
        return None
    steps = list(permutations(numbers, 2))
    entries = _Followed(connection, balance, schemas)
    of, *held = entries.counted(
        [f"{identifier(after)} - {identifier(before)} = {_SIGNED}" for before, after in steps]
    )
    stepping = [(n, *step) for n, step in zip(held, steps, strict=True) if is_enough(n, of)]
    # Clocks do not order entries where numbers do.
    orders = sorted(
        (one for one, type_ in table.types.items() if type_.startswith((*_WHOLE, "timestamp"))),
        key=lambda column: table.types[column].startswith("timestamp"),
    )
    afters = dict.fromkeys(after for *_, after in stepping) if stepping else numbers
    follows = [(after, order) for after in afters for order in orders]
    of, *held = entries.counted([entries.following(*one) for one in follows])
    for (after, order), held_of in zip(follows, held, strict=True):
        if is_enough(held_of, of):
            before = next((one for _, one, to in stepping if to == after), None)
            return RunningBalance(before, after, order, (held_of, of))
    for held_of, before, after in stepping:
        if is_enough(*entries.chained(before, after)):
            return RunningBalance(before, after, None, (held_of, of))
    return None


class _Followed:
    """The counting entries of some accounts."""

    def __init__(
        self, connection: Connection, balance: FoundBalance, schemas: Sequence[str]
    ) -> None:
        self._connection = connection
        (term,) = balance.terms
        self._account = ", ".join(term.way.account)
        key = term.way.key
        self._entries = sql.SQL(
            "(select {own}.*, {signed} as {as_signed}, {stored} as {as_stored},"
            " {as_opening} from {entries} join ("
            " select {columns}, {opening} as {as_opening} from {accounts} as {account}"
            " where exists (select from {entries} where {named}) limit {most}) as {account}"
            " on {joined} where {counting}) as entries"
        ).format(
            own=sql.Identifier(locate(term.way.entries, schemas)[1]),
            signed=sql.SQL(term.signed),
            columns=numbered([*key, balance.stored]),
            stored=number(len(key)),
            opening=sql.SQL(balance.opening.sql if balance.opening else "0"),
            as_signed=sql.Identifier(_SIGNED),
            as_stored=sql.Identifier(_STORED),
            as_opening=sql.Identifier(_OPENING),
            account=ACCOUNT,
            counting=sql.SQL(term.condition or "true"),
            most=sql.Literal(_FOLLOWED),
            joined=named_in(term.way, range(len(key)), schemas)["named"],
            **named_in(term.way, key, schemas),
        )

    def following(self, after: str, order: str) -> str:
        """That an entry begins where the one before it ended, as SQL."""
        window = f"partition by {self._account} order by {identifier(order)}"
        return (
            f"{identifier(after)} = {_SIGNED}"
            f" + coalesce(lag({identifier(after)}) over ({window}), {_OPENING})"
        )

    def counted(self, conditions: Sequence[str]) -> tuple[int, ...]:
        """How many of them move something, and for how many of those each condition holds."""
        names = [f"holds_{place}" for place in range(len(conditions))]
        return self._row(
            "select count(*){filtered} from (select {moved} as moved{judged} from {entries})"
            " as judged where moved <> 0",
            moved=_SIGNED,
            filtered="".join(f", count(*) filter (where {name})" for name in names),
            judged="".join(
                f", {one} as {name}" for one, name in zip(conditions, names, strict=True)
            ),
        )

    def chained(self, before: str, after: str) -> tuple[int, ...]:
        """For how many accounts each entry ends where another or the stored number begins."""
        begins = f"array_agg({identifier(before)}::numeric) || {_STORED}::numeric"
        ends = f"array_agg({identifier(after)}::numeric) || {_OPENING}::numeric"
        return self._row(
            "select count(*) filter (where array(select unnest(begins) order by 1)"
            " = array(select unnest(ends) order by 1)), count(*)"
            " from (select {begins} as begins, {ends} as ends from {entries} group by {by})"
            " as chains",
            begins=begins,
            ends=ends,
            by=f"{self._account}, {_STORED}, {_OPENING}",
        )

    def _row(self, query: str, **parts: str) -> tuple[int, ...]:
        composed = {name: sql.SQL(part) for name, part in parts.items()}
        with self._connection.cursor() as cursor:
            cursor.execute(sql.SQL(query).format(entries=self._entries, **composed))
            (row,) = cursor.fetchall()
        return tuple(row)


def find_transactions(
    connection: Connection, term: Term, table: CatalogTable, schemas: Sequence[str]
) -> Transactions | None:
    """The column whose values name entries that come to 0 together, if there is one."""
    accounts = set(term.way.account)
    columns = [
        column
        for column, type_ in table.types.items()
        if type_ in _TRANSACTION_TYPES
        and _NAMING.search(column.lower())
        and identifier(column) not in accounts
        and (column,) != table.primary_key
    ]
    entries = sql.Identifier(*locate(table.name, schemas))
    for column in columns:
        query = sql.SQL(
            "select count(*) filter (where total = 0), count(*) from ("
            " select sum({signed}) as total from {entries} where ({counting}) and {column} in ("
            " select {column} from {entries} where {column} is not null limit {most})"
            " group by {column} having count(*) > 1 and max({signed}) <> 0) as one"
        ).format(
            signed=sql.SQL(term.signed),
            entries=entries,
            counting=sql.SQL(term.condition or "true"),
            column=sql.Identifier(column),
            most=sql.Literal(_TRANSACTIONS),
        )
        with connection.cursor() as cursor:
            cursor.execute(query)
            ((held, of),) = cursor.fetchall()
        if is_enough(held, of):
            return Transactions(column, (held, of))
    return None
