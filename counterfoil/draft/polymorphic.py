"""Columns that reference one of several tables, by a type beside them: `x_id` and `x_type`."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import Catalog, CatalogForeignKey, CatalogTable
from counterfoil.contract.clauses import locate
from counterfoil.draft.attempt import Attempt
from counterfoil.draft.references import MOST_ASTRAY, SAMPLED, guess_references

# More types than these are no names of tables; and how long one question may take.
_MOST_TYPES = 20
_PATIENCE = "10s"

# What is before a class's name in Ruby, PHP and Django.
_WITHIN = re.compile(r"::|[\\./]")


@dataclass(frozen=True)
class TypedReference:
    """A column whose parent is another for each type.

    Attributes:
        child, column, type_column: where it is.
        parents: by type the table that it names.
        sampled: the rows that were looked at and reference something.
        orphans: those of them that have no parent.
    """

    child: str
    column: str
    type_column: str
    parents: Mapping[str, str] = field(default_factory=dict)
    sampled: int = 0
    orphans: int = 0

    def of_types(self, catalog: Catalog) -> Iterator[tuple[CatalogForeignKey, sql.Composable]]:
        """The reference of each type, with the condition on its rows."""
        for kind, parent in self.parents.items():
            key = catalog.tables[parent].primary_key
            condition = sql.SQL("{}::text = {}").format(
                sql.Identifier(self.type_column), sql.Literal(kind)
            )
            yield CatalogForeignKey(self.child, parent, (self.column,), key, None), condition

    @property
    def is_borne_out(self) -> bool:
        """Whether the rows do not speak against it."""
        return self.orphans <= self.sampled * MOST_ASTRAY


@dataclass(frozen=True)
class TypedReferences:
    """Those that were found, and in words which were not drafted and why."""

    found: Sequence[TypedReference] = ()
    left_out: Sequence[str] = ()


def find_typed_references(
    connection: Connection,
    catalog: Catalog,
    bases: Mapping[str, str],
    readable: Collection[str],
    schemas: Sequence[str],
) -> TypedReferences:
    """Those whose every type is the name of a table, as a class or as it is, with a fitting key.

    Args:
        connection: one that reads rows; a time-out costs the column that it befalls.
        catalog: the tables and their foreign keys.
        bases: of each domain, by its name, the type below it.
        readable: the tables whose rows may be read.
        schemas: the contract's, its own first.
    """
    found, left_out = [], []
    for one in _candidates(catalog, readable):
        place, type_column = f"{one.child}.{one.column}", one.type_column
        with Attempt(connection, _PATIENCE) as attempt:
            types = _types(connection, one, schemas)
            if len(types) > _MOST_TYPES:
                left_out.append(f"{place}: {type_column} has more than {_MOST_TYPES} values")
                continue
            parents = _parents(catalog, one, types, bases, schemas)
            if unknown := len(types) - sum(parent in readable for parent in parents.values()):
                left_out.append(
                    f"{place}: {unknown} of the {len(types)} values of {type_column} name no table"
                    " that it can reference"
                )
            elif types:
                tried = _tried(connection, replace(one, parents=parents), catalog, schemas)
                if tried.is_borne_out:
                    found.append(tried)
                else:
                    left_out.append(
                        f"{place}: {tried.orphans} of {tried.sampled} rows have no parent in the"
                        f" table that {type_column} names"
                    )
        if attempt.refused:
            left_out.append(f"{place}: {attempt.refused}")
    return TypedReferences(found, left_out)


def _candidates(catalog: Catalog, readable: Collection[str]) -> Iterator[TypedReference]:
    constrained = {(key.child, column) for key in catalog.foreign_keys for column in key.columns}
    for name, table in sorted(catalog.tables.items()):
        for column in table.types if name in readable else ():
            stem, end = column[:-2], column[-2:]
            type_column = f"{stem}type" if end == "id" else f"{stem}Type"
            is_told = end in ("id", "Id") and stem.strip("_") and type_column in table.types
            if is_told and (name, column) not in constrained and table.primary_key != (column,):
                yield TypedReference(name, column, type_column)


def _types(connection: Connection, one: TypedReference, schemas: Sequence[str]) -> list[str]:
    """Those of all rows; of the first ones, where that takes too long."""
    query = sql.SQL(
        "select distinct kind from (select {type}::text as kind from {child}"
        " where {column} is not null and {type} is not null{some}) as referencing"
        " order by kind limit {most}"
    )
    names = {
        "child": sql.Identifier(*locate(one.child, schemas)),
        "column": sql.Identifier(one.column),
        "type": sql.Identifier(one.type_column),
        "most": sql.Literal(_MOST_TYPES + 1),
    }
    with connection.cursor() as cursor:
        cursor.execute("savepoint before")
        try:
            cursor.execute(query.format(some=sql.SQL(""), **names))
        except psycopg2.errors.QueryCanceled:
            cursor.execute("rollback to savepoint before")
            cursor.execute(query.format(some=sql.SQL(f" limit {SAMPLED}"), **names))
        return [kind for (kind,) in cursor]


def _parents(
    catalog: Catalog,
    one: TypedReference,
    types: Sequence[str],
    bases: Mapping[str, str],
    schemas: Sequence[str],
) -> dict[str, str]:
    """By type its table: what a column called like the type would reference, of that type."""
    spellings = {kind: [*dict.fromkeys(_spellings(kind))] for kind in types}
    asking = CatalogTable(
        name=f"{one.child}?",
        types={
            f"{spelt}_id": catalog.tables[one.child].types[one.column]
            for of_kind in spellings.values()
            for spelt in of_kind
        },
        not_null=frozenset(),
        primary_key=(),
    )
    with_it = Catalog({**catalog.tables, asking.name: asking}, ())
    named = {
        reference.columns[0]: reference.parent
        for reference in guess_references(with_it, bases, schemas).references
        if reference.child == asking.name
    }
    return {
        kind: next(named[f"{spelt}_id"] for spelt in of_kind if f"{spelt}_id" in named)
        for kind, of_kind in spellings.items()
        if any(f"{spelt}_id" in named for spelt in of_kind)
    }


def _spellings(kind: str) -> Iterator[str]:
    """What a column may call the table of a class: `Blog::Post` blogpost, or else post."""
    for name in (kind, _WITHIN.split(kind)[-1]):
        spelt = re.sub(r"\W|_", "", name).lower()
        yield spelt
        # Rails' own plurals that no ending tells.
        yield re.sub("child$", "children", re.sub("person$", "people", spelt))


def _tried(
    connection: Connection, one: TypedReference, catalog: Catalog, schemas: Sequence[str]
) -> TypedReference:
    """The reference with what the first rows of the child say of it."""
    whens = [
        sql.SQL(
            "when {kind} then not exists ("
            "select from {parent} as parent where parent.{key} = child.reference)"
        ).format(
            kind=sql.Literal(kind),
            parent=sql.Identifier(*locate(parent, schemas)),
            key=sql.Identifier(catalog.tables[parent].primary_key[0]),
        )
        for kind, parent in one.parents.items()
    ]
    query = sql.SQL(
        "select count(*), count(*) filter (where case child.kind {whens} else true end)"
        " from (select {type}::text as kind, {column} as reference from {child}"
        " where {column} is not null limit {most}) as child"
    ).format(
        whens=sql.SQL(" ").join(whens),
        type=sql.Identifier(one.type_column),
        column=sql.Identifier(one.column),
        child=sql.Identifier(*locate(one.child, schemas)),
        most=sql.Literal(SAMPLED),
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        ((sampled, orphans),) = cursor.fetchall()
    return replace(one, sampled=sampled, orphans=orphans)
