"""Guessing whether tenants have a schema each: alike in their tables, and listed in a column."""

import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import Catalog, CatalogForeignKey
from counterfoil.contract.clauses import is_glob, locate, matches
from counterfoil.draft.references import SAMPLED
from counterfoil.draft.shape import Column, Index, Shape

T = TypeVar("T", bound=Hashable)

# Fewer schemas are no pattern.
_FEWEST = 3
# Of the tables of two schemas together, how many both have.
_LEAST_SHARED = 0.8
# Sets of tables that are tried as the usual one, the most frequent first.
_MOST_TRIED = 100
# Of those schemas, how many a column lists, and lists once.
_LEAST_LISTED = 0.8
# Of what it lists, how much is a schema.
_LEAST_THERE = 0.5

# How long the columns of one table may take.
_PATIENCE = "5s"

# What of a table's columns may hold the name of a schema.
_TEXTS = ("text", "character varying", "character", "name")

_TABLES = """
    select namespace.nspname, array_agg(relation.relname::text)
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('r', 'p')
        and not relation.relispartition
        and relation.relpersistence <> 't'
        and namespace.nspname = any(%s)
    group by namespace.nspname
"""

# Those without a table of the application's, and whether they have any: a pattern may mean them.
_OTHER_SCHEMAS = """
    select
        nspname,
        exists (
            select from pg_catalog.pg_class
            where relnamespace = namespace.oid and relkind in ('r', 'p')
        )
    from pg_catalog.pg_namespace as namespace
    where nspname !~ '^(pg_|information_schema$|counterfoil)' and nspname <> all(%s)
    order by nspname
"""


@dataclass(frozen=True)
class ListingColumn:
    """A column that names schemas, and which ones."""

    table: str
    column: str
    named: frozenset[str]


@dataclass(frozen=True)
class TenantSchemasGuess:
    """Schemas of tenants, and what most of them have.

    Attributes:
        like: a pattern of SQL's LIKE that all of them match.
        of: the column that lists them.
        names: theirs.
        catalog: the tables that more than half of them have, by their bare names, and their
            foreign keys; the parent of one in another schema is named with that schema.
        shape: what more than half have of those tables; a column on whose type or nullability
            no half agrees has none.
        differing: how one differs in its tables from the others, a line each.
        others: schemas that the pattern means too, though they are no tenant's.
    """

    like: str
    of: ListingColumn
    names: tuple[str, ...]
    catalog: Catalog
    shape: Shape
    differing: Sequence[str]
    others: tuple[str, ...]

    def unlike(self, own: Iterable[str]) -> Iterator[str]:
        """What is said of those of the contract's own schemas that may be a tenant's as well."""
        for schema in own:
            if schema == "public":
                continue
            if schema in self.of.named:
                why = f"{self.of.table}.{self.of.column} names it"
            elif self.like != "%" and matches(_glob(self.like), schema):
                why = "it is called like one of them"
            else:
                continue
            yield f"schema {schema} among those of tenants: {why}, and its tables are others"

    def glob(self, table: str) -> str:
        """The table of each tenant, as the rest of a contract calls it."""
        return f"{_glob(self.like)}.{table}"


def alike(connection: Connection, schemas: Sequence[str]) -> tuple[str, ...]:
    """The schemas whose tables are nearly those of most of them; none if they are too few.

    Args:
        connection: one that reads the catalog.
        schemas: among which; `public` is what tenants share.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, ([name for name in schemas if name != "public"],))
        tables = {schema: frozenset(names) for schema, names in cursor}
    if not tables:
        return ()
    counts = Counter(tables.values()).most_common(_MOST_TRIED)
    usual = (held for held, count in counts if count == counts[0][1])
    names = max((_names_like(held, tables) for held in usual), key=len)
    return names if len(names) >= _FEWEST else ()


def _names_like(usual: frozenset[str], tables: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    return tuple(
        name
        for name, held in sorted(tables.items())
        if len(held & usual) >= len(held | usual) * _LEAST_SHARED
    )


def listing_column(
    connection: Connection, catalog: Catalog, schemas: Sequence[str], names: Sequence[str]
) -> ListingColumn | None:
    """The column that names most of the schemas once, of those whose first rows are read in time.

    Args:
        connection: one that reads the tables.
        catalog: of the other schemas.
        schemas: the other schemas, as the catalog was read.
        names: the schemas that are alike.

    Returns:
        None if no column does.
    """
    found = []
    for name, table in catalog.tables.items():
        columns = [one for one, type_ in table.types.items() if type_.split("(")[0] in _TEXTS]
        for column, times in _named(connection, locate(name, schemas), columns).items():
            count = sum(times[one] == 1 for one in names)
            if count >= len(names) * _LEAST_LISTED:
                rank = (count, "schema" in column.lower(), table.is_unique([column]))
                found.append((rank, ListingColumn(name, column, frozenset(times))))
    return max(found, key=lambda one: one[0])[1] if found else None


def _named(
    connection: Connection, relation: tuple[str, str], columns: Sequence[str]
) -> dict[str, Counter[str]]:
    """How often the table's first rows name which schemas, by column: of those that name little
    else. None if it cannot be read.
    """
    if not columns:
        return {}
    one = sql.SQL(
        "array_agg({0}::text) filter"
        " (where {0}::text in (select nspname::text from pg_catalog.pg_namespace)),"
        " count(distinct {0}::text)"
    )
    query = sql.SQL("select {} from (select {} from {} limit {}) as found").format(
        sql.SQL(", ").join(one.format(sql.Identifier(column)) for column in columns),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(*relation),
        sql.Literal(SAMPLED),
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = '{_PATIENCE}'")
            cursor.execute(query)
            (row,) = cursor.fetchall()
        found = zip(columns, row[::2], row[1::2], strict=True)
        named = {column: (Counter(schemas or ()), values) for column, schemas, values in found}
        return {
            column: times
            for column, (times, values) in named.items()
            if len(times) >= values * _LEAST_THERE
        }
    except psycopg2.Error:
        if connection.closed:
            raise
        return {}
    finally:
        if not connection.closed:
            connection.rollback()


def guess_tenant_schemas(
    connection: Connection,
    own: Sequence[str],
    of: ListingColumn,
    names: Sequence[str],
    excluded: Sequence[str],
) -> TenantSchemasGuess:
    """What the schemas have in common.

    Args:
        connection: one that reads the catalog.
        own: the contract's other schemas.
        of: the column that lists them.
        names: the schemas that are alike.
        excluded: globs of tables that are left out.
    """
    schemas = [*own, *names]
    catalog = Catalog.read(connection, schemas)
    catalog = catalog.without(
        {name for name in catalog.tables if any(matches(glob, name) for glob in excluded)}
    )
    shape = Shape.read(connection, schemas, catalog)
    folded = _Folded(catalog, shape, own, names)
    like = _like(names)
    others, empty = _others(connection, like, of, schemas)
    return TenantSchemasGuess(
        like=like,
        of=of,
        names=tuple(names),
        catalog=folded.catalog(),
        shape=folded.shape(),
        differing=[*folded.differing(), *(f"{name}: has no table" for name in empty)],
        others=tuple(others),
    )


def _others(
    connection: Connection, like: str, of: ListingColumn, known: Collection[str]
) -> tuple[list[str], list[str]]:
    """Of the schemas that the pattern means though they are not `known`, those that are no
    tenant's, and the tenants' without a table: of `%` those that are listed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OTHER_SCHEMAS, (list(known),))
        found = cursor.fetchall()
    if like == "%":
        empty = [name for name, has_tables in found if not has_tables and name in of.named]
        return [name for name, _ in found if name not in empty], empty
    glob = _glob(like)
    return [], [name for name, has_tables in found if not has_tables and matches(glob, name)]


class _Folded:
    """What more than half of some schemas have, by the bare names of their tables."""

    def __init__(
        self, catalog: Catalog, shape: Shape, own: Sequence[str], names: Sequence[str]
    ) -> None:
        self._catalog = catalog
        self._shape = shape
        self._own = own
        self._total = len(names)
        self._places = {name: locate(name, [*own, *names]) for name in catalog.tables}
        self._held: dict[str, dict[str, str]] = {name: {} for name in names}
        for name, (schema, bare) in self._places.items():
            if schema in self._held and not is_glob(bare):
                self._held[schema][bare] = name
        tables = _usual([sorted(found) for found in self._held.values()], self._total)
        self._labels = {
            bare: [found[bare] for found in self._held.values() if bare in found] for bare in tables
        }

    def catalog(self) -> Catalog:
        keys: dict[str, list[CatalogForeignKey]] = {}
        for key in self._catalog.foreign_keys:
            of_each = _bare_key(key, self._places, self._own)
            if of_each and of_each.child in self._labels:
                keys.setdefault(key.child, []).append(of_each)
        return Catalog(
            tables={
                bare: replace(self._catalog.tables[found[0]], name=bare)
                for bare, found in self._labels.items()
            },
            foreign_keys=tuple(one for found in self._usual_of(keys).values() for one in found),
        )

    def shape(self) -> Shape:
        shape = self._shape
        return Shape(
            columns={
                bare: _columns([shape.columns.get(name, ()) for name in found], self._total)
                for bare, found in self._labels.items()
            },
            indexes=self._usual_of(
                {name: list(map(_unnamed, found)) for name, found in shape.indexes.items()}
            ),
            checks=self._usual_of(shape.checks),
            exclusions=self._usual_of(shape.exclusions),
            triggers=self._usual_of(shape.triggers),
            unlogged=frozenset(
                bare
                for bare, found in self._labels.items()
                if len(shape.unlogged.intersection(found)) * 2 > self._total
            ),
            privileges={
                role: {bare: tuple(may) for bare, may in self._usual_of(rights).items()}
                for role, rights in shape.privileges.items()
            },
        )

    def differing(self) -> list[str]:
        said = {name: _unlike(self._labels, found) for name, found in self._held.items()}
        return [f"{name}: {unlike}" for name, unlike in said.items() if unlike]

    def _usual_of(self, of_label: Mapping[str, Iterable[T]]) -> dict[str, list[T]]:
        """Of each table what is said of it in more than half of the schemas."""
        usual = {
            bare: _usual([of_label.get(name, ()) for name in found], self._total)
            for bare, found in self._labels.items()
        }
        return {bare: found for bare, found in usual.items() if found}


def _usual(lists: Iterable[Iterable[T]], total: int) -> list[T]:
    """What more than half of `total` have, in the order in which it is met."""
    counts = Counter(one for found in lists for one in dict.fromkeys(found))
    return [one for one, count in counts.items() if count * 2 > total]


def _columns(lists: Sequence[Sequence[Column]], total: int) -> list[Column]:
    names = _usual([[column.name for column in found] for found in lists], total)
    usual = []
    for name in names:
        alike = [column for found in lists for column in found if column.name == name]
        types = _usual(([column.type] for column in alike), total)
        nullable = _usual(([column.nullable] for column in alike), total)
        usual.append(Column(name, types[0] if types else None, nullable[0] if nullable else None))
    return usual


def _unnamed(index: Index) -> Index:
    """What is said by its columns is the same by any name."""
    return index if index.columns is None else replace(index, name="")


def _bare_key(
    key: CatalogForeignKey, places: Mapping[str, tuple[str, str]], own: Sequence[str]
) -> CatalogForeignKey | None:
    """The key as each schema has it; None if it leads to another tenant's."""
    if key.child not in places or key.parent not in places:
        return None
    (schema, child), (parent_schema, parent) = places[key.child], places[key.parent]
    if parent_schema == schema:
        return replace(key, child=child, parent=parent)
    if parent_schema in own:
        return replace(key, child=child, parent=f"{parent_schema}.{parent}")
    return None


def _unlike(tables: Collection[str], found: Collection[str]) -> str:
    lacking = [name for name in tables if name not in found]
    further = [name for name in found if name not in tables]
    said = [f"lacks {', '.join(sorted(lacking))}"] if lacking else []
    said += [f"has {', '.join(sorted(further))} besides"] if further else []
    return "; ".join(said)


def _like(names: Sequence[str]) -> str:
    """A pattern of LIKE: what all names begin with and end with, as far as a word ends there."""
    prefix = _beginning(names)
    digits = len(prefix) - len(prefix.rstrip("0123456789"))
    is_numbered = all(name[len(prefix) - digits :].isdigit() for name in names)
    prefix = prefix[: len(prefix) - digits] if is_numbered else _words(prefix)
    suffix = _words(_beginning([name[len(prefix) :][::-1] for name in names]))[::-1]
    return "%".join(re.sub(r"([\\%_])", r"\\\1", part) for part in (prefix, suffix))


def _glob(like: str) -> str:
    return re.sub(r"\\(.)", r"\1", like.replace("%", "*"))


def _beginning(names: Sequence[str]) -> str:
    least, greatest = min(names), max(names)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(least, greatest, strict=False))
    return "".join(letter for letter, _ in same)


def _words(text: str) -> str:
    """The text up to its last letter that is none of a word."""
    return re.sub("[a-zA-Z0-9]*$", "", text)
