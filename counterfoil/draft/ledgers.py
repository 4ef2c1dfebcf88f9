"""Finding ledgers: stored numbers of a table that the rows which reference it add up to.

Of each reference is asked whether stored = opening + the sum of signed amounts, by parent: the
signs are tried on a sample, and what fits it is counted in SQL. What holds for nearly all is a
ledger, and the others are its findings.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.sqltext import identifier, literal
from counterfoil.contract.catalog import ROW_PLACE, Catalog, CatalogForeignKey, CatalogTable
from counterfoil.contract.clauses import locate

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "money")
_KINDS = ("text", "character varying", "boolean", "smallint", "integer", "character")

# What an opening is called; else it is the column that stands first.
_OPENING = re.compile("open|initial|start|total|capacity|limit|grant")

# Parents that the signs are tried on, and those that what fits is counted on.
_TRIED = 200
_VERIFIED = 10_000
# The first of them throw out what does not fit at all.
_FIRST = 25

# Of how many parents with entries it must hold, and how many there must be.
_LEAST_SHARE = Decimal("0.95")
_LEAST_PARENTS = 30
# What holds as well where the amounts are another parent's is a coincidence.
_MOST_BY_CHANCE = Decimal("0.5")

_LEAST_VALUES = 3
_MOST_NUMBERS = 8

# Values of a column that may say which way an amount counts.
_MOST_KINDS = 4
_PATIENCE = "5s"

# How long all of them together are looked for.
_SECONDS = 30

# Of one parent: its numbers, and by kind of entry the sum of each amount and the count.
_Parent = tuple[Mapping[str, Decimal | None], Mapping[str, Mapping[str, Decimal]]]


@dataclass(frozen=True)
class FoundLedger:
    """A stored number that the rows of another table add up to.

    Attributes:
        reference: from the entries to the accounts.
        stored: the column of the accounts.
        opening: a column of them that it begins at; None for 0.
        amount: a column of the entries; None counts them.
        kind: a column that says which way an entry counts; None if all count alike.
        signs: by the kind's value 1 or -1; those that are not there do not count.
        holding: for how many of the accounts looked at it holds, and of how many with entries.
    """

    reference: CatalogForeignKey
    stored: str
    opening: str | None
    amount: str | None
    kind: str | None
    signs: Mapping[str, int]
    holding: tuple[int, int] = (0, 0)

    @property
    def signed(self) -> str:
        """What an entry adds, as SQL over its row; null where it does not count."""
        amount = identifier(self.amount) if self.amount else "1"
        by_sign = {1: amount, -1: f"-{amount}"}
        if self.kind is None or len(set(self.signs.values())) == 1:
            return by_sign[next(iter(self.signs.values()))]
        cases = "".join(
            f" when {literal(value)} then {by_sign[sign]}" for value, sign in self.signs.items()
        )
        return f"case {identifier(self.kind)}::text{cases} end"

    @property
    def condition(self) -> str | None:
        """Which entries count, as SQL over their row; None for all of them."""
        if self.kind is None:
            return None
        values = ", ".join(map(literal, self.signs))
        return f"{identifier(self.kind)}::text in ({values})"


@dataclass(frozen=True)
class _Asked:
    """A reference, the numbers of its parent and those of its child."""

    reference: CatalogForeignKey
    numbers: Sequence[str]
    amounts: Sequence[str]


def find_ledgers(
    connection: Connection,
    catalog: Catalog,
    references: Sequence[CatalogForeignKey],
    rows: Mapping[str, int],
    schemas: Sequence[str],
) -> list[FoundLedger]:
    """The ledgers that the rows bear out; one for each stored number, the simplest.

    Args:
        connection: who reads, in transactions of its own.
        catalog: the tables.
        references: those of one column are tried.
        rows: how many rows the tables have that may be read.
        schemas: the contract's.
    """
    of_columns = _referencing(catalog, references)
    found: dict[tuple[str, str], FoundLedger] = {}
    until = time.monotonic() + _SECONDS
    for reference in references:
        if time.monotonic() > until:
            break
        enough = min(rows.get(reference.child, 0), rows.get(reference.parent, 0))
        if len(reference.columns) != 1 or enough < _LEAST_PARENTS:
            continue
        for ledger in _of_reference(connection, catalog, reference, of_columns, schemas):
            found.setdefault((reference.parent, ledger.stored), ledger)
    return list(found.values())


def _of_reference(
    connection: Connection,
    catalog: Catalog,
    reference: CatalogForeignKey,
    referencing: set[tuple[str, str]],
    schemas: Sequence[str],
) -> Iterator[FoundLedger]:
    child, parent = catalog.tables[reference.child], catalog.tables[reference.parent]
    asked = _Asked(reference, _numbers(parent, referencing), _numbers(child, referencing))
    if not asked.numbers or child.key == ROW_PLACE:
        return
    told: set[str] = set()
    for kind in (None, *_kinds(child, referencing)):
        try:
            parents = _sample(connection, asked, kind, schemas)
            for ledger in _fitting(asked, parents, kind):
                if ledger.stored in told:
                    continue
                holding = _verified(connection, ledger, schemas)
                if _is_enough(*holding):
                    told.add(ledger.stored)
                    yield FoundLedger(**{**vars(ledger), "holding": holding})
        except psycopg2.Error:
            # A time-out, an overflow: it costs this try alone.
            if connection.closed:
                raise
        finally:
            if not connection.closed:
                connection.rollback()


def _referencing(catalog: Catalog, references: Sequence[CatalogForeignKey]) -> set[tuple[str, str]]:
    """The columns that are numbers of something else: keys, and what references one."""
    keys = {(name, one) for name, table in catalog.tables.items() for one in table.primary_key}
    return keys | {(one.child, column) for one in references for column in one.columns}


def _numbers(table: CatalogTable, referencing: set[tuple[str, str]]) -> list[str]:
    """The first of its columns that may be amounts."""
    return [
        column
        for column, type_ in table.types.items()
        if type_ in _NUMBERS
        and (table.name, column) not in referencing
        and not column.lower().endswith("id")
    ][:_MOST_NUMBERS]


def _kinds(table: CatalogTable, referencing: set[tuple[str, str]]) -> list[str]:
    """The columns that may say which way an entry counts; enums are types of the application."""
    return [
        column
        for column, type_ in table.types.items()
        if (type_ in _KINDS or "." in type_)
        and (table.name, column) not in referencing
        and not column.lower().endswith("id")
    ]


def _sample(
    connection: Connection, asked: _Asked, kind: str | None, schemas: Sequence[str]
) -> list[_Parent]:
    """Some parents that have entries; none if the kind has too many values."""
    reference, numbers, amounts = asked.reference, asked.numbers, asked.amounts
    sums = [sql.SQL("sum(child.{})::numeric").format(sql.Identifier(amount)) for amount in amounts]
    query = sql.SQL(
        "select {numbers}, {kind}, count(*)::numeric, {sums}"
        " from (select * from {parent} as parent where exists ("
        " select from {child} as child where child.{column} = parent.{key}) limit {most}) as parent"
        " join {child} as child on child.{column} = parent.{key}"
        " group by parent.{key}, {grouped}, {place_of_kind}"
    ).format(
        numbers=sql.SQL(", ").join(
            [
                sql.SQL("parent.{}::text").format(sql.Identifier(reference.parent_columns[0])),
                *(sql.SQL("parent.{}::numeric").format(sql.Identifier(one)) for one in numbers),
            ]
        ),
        kind=sql.SQL("child.{}::text").format(sql.Identifier(kind)) if kind else sql.SQL("''"),
        sums=sql.SQL(", ").join(sums) if sums else sql.SQL("null"),
        grouped=sql.SQL(", ").join(
            sql.SQL("parent.{}").format(sql.Identifier(one)) for one in numbers
        ),
        place_of_kind=sql.Literal(len(numbers) + 2),
        most=sql.Literal(_TRIED),
        **_named(reference, schemas),
    )
    parents: dict[str, _Parent] = {}
    kinds: set[str] = set()
    with connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{_PATIENCE}'")
        cursor.execute(query)
        for key, *rest in cursor:
            stored, (value, count, *totals) = rest[: len(numbers)], rest[len(numbers) :]
            _, by_kind = parents.setdefault(key, (dict(zip(numbers, stored, strict=True)), {}))
            sums_of: dict[str, Decimal] = {"": count}
            sums_of |= {a: t or Decimal(0) for a, t in zip(amounts, totals, strict=False)}
            by_kind[value] = sums_of  # type: ignore[index]
            kinds.add(value)
    is_told = None not in kinds and (kind is None or 1 < len(kinds) <= _MOST_KINDS)
    return list(parents.values()) if is_told else []


def _fitting(asked: _Asked, parents: Sequence[_Parent], kind: str | None) -> Iterator[FoundLedger]:
    """What holds for the sample, the simplest first, and not by chance."""
    if len(parents) < _LEAST_PARENTS:
        return
    reference = asked.reference
    kinds = sorted({value for _, by_kind in parents for value in by_kind})
    values = {one: {stored[one] for stored, _ in parents} - {None} for one in asked.numbers}
    storing = [one for one in asked.numbers if len(values[one]) >= _LEAST_VALUES]
    openings = [one for one in asked.numbers if values[one] - {Decimal(0)}]
    for stored, opening, amount in product(storing, (None, *openings), (*asked.amounts, None)):
        if opening and not _begins(opening, stored, asked.numbers):
            continue
        for signs in product((1, -1, 0), repeat=len(kinds)):
            by_kind = dict(zip(kinds, signs, strict=True))
            is_plain = kind is not None and len(set(signs)) == 1
            if any(signs) and not is_plain and _holds(parents, stored, opening, amount, by_kind):
                counted = {value: sign for value, sign in by_kind.items() if sign}
                yield FoundLedger(reference, stored, opening, amount, kind, counted)
                break


def _begins(opening: str, stored: str, columns: Sequence[str]) -> bool:
    """Whether it is the opening of the two: what holds for both ways round cannot tell itself."""
    if opening == stored:
        return False
    by_name = [_OPENING.search(column.lower()) is None for column in (opening, stored)]
    return (by_name[0], columns.index(opening)) < (by_name[1], columns.index(stored))


def _holds(
    parents: Sequence[_Parent],
    stored: str,
    opening: str | None,
    amount: str | None,
    signs: Mapping[str, int],
) -> bool:
    def wanted(parent: _Parent) -> Decimal | None:
        number, begun = parent[0][stored], parent[0][opening] if opening else Decimal(0)
        return None if number is None or begun is None else number - begun

    def booked(parent: _Parent) -> Decimal:
        return sum(
            (signs[value] * sums[amount or ""] for value, sums in parent[1].items()), Decimal(0)
        )

    moved = [one for one in parents[:_FIRST] if booked(one)]
    if sum(wanted(one) == booked(one) for one in moved) < len(moved) * _LEAST_SHARE - 2:
        return False
    moved = [one for one in parents if booked(one)]
    sums = [booked(one) for one in moved]
    # Nothing is proven by what is the same everywhere.
    if len(set(sums)) < _LEAST_VALUES:
        return False
    held = sum(wanted(one) == total for one, total in zip(moved, sums, strict=True))
    shuffled = [*sums[1:], *sums[:1]]
    by_chance = sum(wanted(one) == total for one, total in zip(moved, shuffled, strict=True))
    return _is_enough(held, len(moved)) and by_chance <= held * _MOST_BY_CHANCE


def _is_enough(held: int, of: int) -> bool:
    return of >= _LEAST_PARENTS and held >= of * _LEAST_SHARE


def _verified(
    connection: Connection, ledger: FoundLedger, schemas: Sequence[str]
) -> tuple[int, int]:
    """For how many accounts it holds, of those with entries that come to something."""
    opening = sql.Identifier(ledger.opening) if ledger.opening else sql.SQL("0")
    query = sql.SQL(
        "select count(*) filter (where stored = opening + booked), count(*) from ("
        " select parent.{stored} as stored, {opening} as opening, ("
        " select sum({signed}) from {child} where {child}.{column} = parent.{key} and {where}"
        " ) as booked from {parent} as parent limit {most}) as account where booked <> 0"
    ).format(
        stored=sql.Identifier(ledger.stored),
        opening=sql.SQL("parent.{}").format(opening) if ledger.opening else opening,
        signed=sql.SQL(ledger.signed),
        where=sql.SQL(ledger.condition or "true"),
        most=sql.Literal(_VERIFIED),
        **_named(ledger.reference, schemas),
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        ((held, of),) = cursor.fetchall()
    return held, of


def _named(reference: CatalogForeignKey, schemas: Sequence[str]) -> dict[str, Any]:
    return {
        "child": sql.Identifier(*locate(reference.child, schemas)),
        "parent": sql.Identifier(*locate(reference.parent, schemas)),
        "column": sql.Identifier(reference.columns[0]),
        "key": sql.Identifier(reference.parent_columns[0]),
    }
