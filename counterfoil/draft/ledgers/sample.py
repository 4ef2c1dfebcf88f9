"""Some accounts with their numbers, and what their entries come to by kind."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import CatalogTable
from counterfoil.contract.clauses import locate
from counterfoil.draft.ledgers.terms import Cell, FoundBalance, Kind
from counterfoil.draft.ledgers.ways import Way

# Accounts that sums are tried on, and those that what fits is counted on.
_TRIED = 200
_VERIFIED = 10_000
# Entries whose kinds are looked at, how many columns may tell them apart, and into how many.
_LOOKED_AT = 5_000
_MOST_KINDS = 6
_MOST_VALUES = 12
# More groups of entries than these say nothing of few kinds.
_MOST_GROUPS = 50_000

# No table of the application's is called so.
ACCOUNT = sql.Identifier("counterfoil_account")

_KINDS = ("text", "character varying", "boolean", "smallint", "integer", "character")
_INSTANTS = ("timestamp", "date")
_TELLING = re.compile("status|state|type|kind|direction|way|reason|delet|void|cancel|settled")


@dataclass(frozen=True)
class Asked:
    """What is read over a way: amounts, as SQL over an entry, by what tells entries apart."""

    way: Way
    amounts: Sequence[str]
    kinds: Sequence[Kind]


@dataclass(frozen=True)
class Entries:
    """Of one way, a row for each account and kind of entry that it has.

    Attributes:
        accounts: the places of the accounts.
        cells: the kinds.
        sums: how many there are, then the sum of each amount.
    """

    accounts: Sequence[int]
    cells: Sequence[Cell]
    sums: Sequence[Sequence[Decimal]]

    @cached_property
    def _floats(self) -> NDArray[np.float64]:
        found = np.array([[float(one) for one in row] for row in self.sums])
        # More than a float can say: such sums are not looked for.
        return np.where(np.isfinite(found), found, 0.0)

    @cached_property
    def _grouped(self) -> dict[tuple[int, ...], tuple[list[Cell], list[int]]]:
        return {}

    def by_kinds(self, kinds: tuple[int, ...]) -> tuple[list[Cell], list[int]]:
        """The cells that some kinds alone tell apart, and of each row which it is."""
        if kinds not in self._grouped:
            of_row = [tuple(cell[place] for place in kinds) for cell in self.cells]
            cells = sorted(set(of_row))
            places = {cell: place for place, cell in enumerate(cells)}
            self._grouped[kinds] = (cells, [places[cell] for cell in of_row])
        return self._grouped[kinds]

    def kinds_within(self, most: int) -> int:
        """How many of the kinds, from the first, tell apart no more cells than that."""
        count = len(self.cells[0]) if self.cells else 0
        while count and len(self.by_kinds(tuple(range(count)))[0]) > most:
            count -= 1
        return count

    def columns(self, amount: int, kinds: tuple[int, ...], accounts: int) -> NDArray[np.float64]:
        """Of each account, of each cell, what its amounts come to."""
        cells, of_row = self.by_kinds(kinds)
        found = np.zeros((accounts, len(cells)))
        if of_row:
            np.add.at(found, (np.array(self.accounts), np.array(of_row)), self._floats[:, amount])
        return found


@dataclass(frozen=True)
class Sample:
    """Accounts that have entries.

    Attributes:
        numbers: of each account its numbers, by column; None where one is null or no number.
        entries: of each way.
    """

    numbers: Sequence[Mapping[str, Decimal | None]]
    entries: Sequence[Entries]


def kinds_of(
    connection: Connection, table: CatalogTable, excluded: set[str], schemas: Sequence[str]
) -> tuple[Kind, ...]:
    """The columns that tell a table's rows apart into few kinds, the likeliest first."""
    kinds = [
        Kind(column, type_)
        for column, type_ in table.types.items()
        if column not in excluded
        and (
            type_ in _KINDS
            or "." in type_
            or (type_.startswith(_INSTANTS) and column not in table.not_null)
        )
    ]
    if not kinds:
        return ()
    one = Way("", (), table.name, ())
    values = sql.SQL(", ").join(
        sql.SQL("count(distinct left({0}, 64)), max(length({0}))").format(sql.SQL(kind.value(one)))
        for kind in kinds
    )
    query = sql.SQL("select {} from (select * from {} limit {}) as looked_at").format(
        values, sql.Identifier(*locate(table.name, schemas)), sql.Literal(_LOOKED_AT)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        (told,) = cursor.fetchall()
    few = []
    for place, kind in enumerate(kinds):
        different, longest = told[place * 2 : place * 2 + 2]
        if 1 < different <= _MOST_VALUES and longest < 64:
            few.append((_TELLING.search(kind.column.lower()) is None, different, place, kind))
    return tuple(kind for *_, kind in sorted(few)[:_MOST_KINDS])


def read_sample(
    connection: Connection,
    asked: Sequence[Asked],
    numbers: Sequence[str],
    where: str,
    schemas: Sequence[str],
) -> Sample | None:
    """Accounts that have entries by one of the ways; None if a key stands twice.

    They are the first and the last: what was wrong once is wrong for many in a row.

    Args:
        connection: in a transaction, of one snapshot.
        asked: ways to one table of accounts and one key of it.
        numbers: its columns that are read.
        where: which accounts are read, as SQL.
        schemas: the contract's.
    """
    accounts = sql.SQL(" union ").join(
        sql.SQL(
            "(select {columns} from {accounts} as {account} where {where} and exists ("
            " select from {entries} where {named}) order by {order} limit {most})"
        ).format(
            columns=numbered([*way.key, *numbers]),
            order=sql.SQL(f"{direction}, ").join(map(sql.Identifier, way.key)) + sql.SQL(direction),
            where=sql.SQL(where),
            most=sql.Literal(_TRIED // 2),
            account=ACCOUNT,
            **named_in(way, way.key, schemas),
        )
        for way in (one.way for one in asked)
        for direction in ("", " desc")
    )
    width = len(asked[0].way.key)
    columns = [number(place) for place in range(width + len(numbers))]
    key = sql.SQL(", ").join(sql.SQL("{}::text").format(one) for one in columns[:width])
    places: dict[tuple[str, ...], int] = {}
    found: list[dict[str, Decimal | None]] = []
    entries = []
    for one in asked:
        values = [sql.SQL(kind.value(one.way)) for kind in one.kinds]
        query = sql.SQL(
            "select array[{key}], array[{values}]::text[], array[{numbers}]::numeric[],"
            " array[count(*){sums}]::numeric[] from ({accounts_read}) as {account}"
            " join {entries} on {named} group by {by} limit {most}"
        ).format(
            key=key,
            values=sql.SQL(", ").join(values),
            numbers=sql.SQL(", ").join(
                sql.SQL("{}::numeric").format(one) for one in columns[width:]
            ),
            sums=sql.SQL("".join(f", sum({amount})::numeric" for amount in one.amounts)),
            accounts_read=accounts,
            by=sql.SQL(", ").join([*columns, *values]),
            most=sql.Literal(_MOST_GROUPS),
            account=ACCOUNT,
            **named_in(one.way, range(width), schemas),
        )
        with connection.cursor() as cursor:
            cursor.execute(query)
            rows = cursor.fetchall()
        of_rows = []
        for of_key, _, of_account, _ in rows:
            known = dict(zip(numbers, map(_finite, of_account), strict=True))
            place = places.setdefault(tuple(of_key), len(found))
            if place == len(found):
                found.append(known)
            elif found[place] != known:
                return None
            of_rows.append(place)
        cells = [tuple(row[1]) for row in rows]
        sums = [[_finite(total) or Decimal(0) for total in row[3]] for row in rows]
        entries.append(Entries(of_rows, cells, sums))
    return Sample(found, entries)


@dataclass(frozen=True)
class Holding:
    """For how many accounts a balance holds.

    Attributes:
        moved: those that have entries.
        moved_held: for how many of these it holds.
        several: those that have more than one.
        several_held: for how many of these it holds.
        quiet: those that have none, and whose number is known.
        quiet_held: for how many of these it is what it begins at.
        unknown: those without entries whose number is null.
    """

    moved: int
    moved_held: int
    several: int
    several_held: int
    quiet: int
    quiet_held: int
    unknown: int


def count_holding(
    connection: Connection, balance: FoundBalance, where: str, schemas: Sequence[str]
) -> Holding:
    """For how many of the first accounts it holds."""
    way = balance.terms[0].way
    key = [number(place) for place in range(len(way.key))]
    opening = sql.SQL(balance.opening.sql if balance.opening else "0")
    terms = sql.SQL(" union all ").join(
        sql.SQL(
            "select {key}, {signed} as signed from {account} join {entries} on {named}"
            " where {counting}"
        ).format(
            key=sql.SQL(", ").join(key),
            signed=sql.SQL(term.signed),
            counting=sql.SQL(term.condition or "true"),
            account=ACCOUNT,
            **named_in(term.way, range(len(key)), schemas),
        )
        for term in balance.terms
    )
    query = sql.SQL(
        "with {account} as (select {columns}, {opening} as counterfoil_opening"
        " from {accounts} where {where} order by {key} limit {most}),"
        " booked as (select {key}, sum(signed) as booked, count(*) > 1 as several"
        " from ({terms}) as terms group by {key})"
        " select count(booked),"
        " count(*) filter (where {stored} = counterfoil_opening + booked),"
        " count(*) filter (where several),"
        " count(*) filter (where several and {stored} = counterfoil_opening + booked),"
        " count(*) filter (where booked is null and {stored} is not null),"
        " count(*) filter (where booked is null and {stored} = counterfoil_opening),"
        " count(*) filter (where booked is null and {stored} is null)"
        " from {account} left join booked using ({key})"
    ).format(
        account=ACCOUNT,
        columns=numbered([*way.key, balance.stored]),
        accounts=sql.Identifier(*locate(way.accounts, schemas)),
        where=sql.SQL(where),
        most=sql.Literal(_VERIFIED),
        key=sql.SQL(", ").join(key),
        terms=terms,
        stored=sql.SQL("{}::numeric").format(number(len(key))),
        opening=opening,
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        (row,) = cursor.fetchall()
    return Holding(*row)


def number(place: int) -> sql.Composable:
    """The name that a column of the accounts has in our statements: no other table has it."""
    return sql.Identifier(f"counterfoil_{place}")


def numbered(columns: Sequence[str]) -> sql.Composable:
    """Columns of the accounts under those names."""
    return sql.SQL(", ").join(
        sql.SQL("{} as {}").format(sql.Identifier(one), number(place))
        for place, one in enumerate(columns)
    )


def named_in(
    way: Way, key: Iterable[str] | range, schemas: Sequence[str]
) -> dict[str, sql.Composable]:
    """The tables of a way, and how an entry names its account, whose key these columns are."""
    of_account = [sql.Identifier(one) if isinstance(one, str) else number(one) for one in key]
    return {
        "accounts": sql.Identifier(*locate(way.accounts, schemas)),
        "entries": sql.SQL("{} {}").format(
            sql.Identifier(*locate(way.entries, schemas)), sql.SQL(way.join)
        ),
        "named": sql.SQL(" and ").join(
            sql.SQL("{} = {}.{}").format(sql.SQL(named), ACCOUNT, one)
            for named, one in zip(way.account, of_account, strict=True)
        ),
    }


def _finite(number: Decimal | None) -> Decimal | None:
    return number if number is not None and number.is_finite() else None
