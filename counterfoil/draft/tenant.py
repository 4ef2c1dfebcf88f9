"""Guessing who shares a database: the column that most tables have of one other table."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.catalog import Catalog, CatalogForeignKey
from counterfoil.contract.clauses import locate
from counterfoil.draft.attempt import Attempt

# How many references are tried, on how many rows each, and how long one may take.
_MOST_TRIED = 200
_SAMPLED = 1_000
_PATIENCE = "2s"


@dataclass(frozen=True)
class TenantGuess:
    """Which table and column it may be, and by how much.

    Attributes:
        table: the table of tenants.
        column: what most tables call the tenant.
        carriers: the tables that have it.
        columns: the tables that spell it otherwise (dealershipId for dealership_id).
        total: the tables that might.
        unowned: the tables that neither carry it nor lead to it.
        paths: the tables that lead to it over references that must be set.
    """

    table: str
    column: str
    carriers: frozenset[str]
    columns: Mapping[str, str]
    total: int
    unowned: tuple[str, ...]
    paths: frozenset[str]

    def column_of(self, table: str) -> str:
        """What the table calls the tenant column."""
        return self.columns.get(table, self.column)

    def is_of(self, reference: CatalogForeignKey) -> bool:
        """Whether it is the reference of a row to its own tenant."""
        own = (self.column_of(reference.child),)
        return (reference.parent, reference.columns) == (self.table, own)

    def is_carried_by(self, reference: CatalogForeignKey) -> bool:
        """Whether the reference has the tenant among its columns."""
        tenants = self.column_of(reference.child), self.column_of(reference.parent)
        return tenants in zip(reference.columns, reference.parent_columns, strict=True)


def guess_tenant(catalog: Catalog, references: list[CatalogForeignKey]) -> TenantGuess | None:
    """The table that at least half of the others reference by one name; None without one."""
    found: Counter[tuple[str, str]] = Counter()
    for child, parent, column in {
        (reference.child, reference.parent, _plain(reference.columns[0]))
        for reference in references
        if len(reference.columns) == 1 and reference.child != reference.parent
    }:
        found[parent, column] += 1 if child in catalog.tables else 0
    total = len(catalog.tables) - 1
    likeliest = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    if not likeliest or likeliest[0][1] < max(2, total / 2):
        return None
    (table, plain), _ = likeliest[0]
    if len(catalog.tables[table].primary_key) != 1:
        return None
    spelt = {
        name: column
        for name, entry in catalog.tables.items()
        for column in entry.types
        if name != table and _plain(column) == plain
    }
    (column, _), *_ = Counter(sorted(spelt.values())).most_common()
    paths = _leading_to(catalog, references, {table, *spelt}) - {table, *spelt}
    unowned = [name for name in catalog.tables if name not in {table, *spelt} | paths]
    return TenantGuess(
        table=table,
        column=column,
        carriers=frozenset(spelt),
        columns={name: other for name, other in sorted(spelt.items()) if other != column},
        total=total,
        unowned=tuple(sorted(unowned)),
        paths=frozenset(paths),
    )


def count_crossings(
    connection: Connection,
    tenant: TenantGuess,
    references: Iterable[tuple[CatalogForeignKey, sql.Composable]],
    readable: Container[str],
    schemas: Sequence[str],
) -> tuple[int, int]:
    """Of the first rows that reference another of a tenant, how many lead to another tenant's.

    Where many do, it is no tenant. A table that cannot be read in time is left out.

    Args:
        connection: one that reads rows.
        tenant: what may be one.
        references: each with the condition on the rows of the child that it is about.
        readable: the tables whose rows may be read.
        schemas: the contract's, its own first.

    Returns:
        Those that do, and all that were looked at.
    """
    crossing = looked_at = tried = 0
    for reference, condition in references:
        own, theirs = tenant.column_of(reference.child), tenant.column_of(reference.parent)
        carry = {reference.child, reference.parent} <= tenant.carriers
        if not carry or tenant.is_carried_by(reference) or len(reference.columns) > 1:
            continue
        if reference.child not in readable or reference.parent not in readable:
            continue
        tried += 1
        if tried > _MOST_TRIED:
            break
        query = sql.SQL(
            "select count(*) filter (where parent.{theirs}::text <> child.tenant), count(*)"
            " from (select {column} as reference, {own}::text as tenant from {child}"
            " where {column} is not null and {condition} limit {most}) as child"
            " join {parent} as parent on parent.{key} = child.reference"
        ).format(
            own=sql.Identifier(own),
            condition=condition,
            theirs=sql.Identifier(theirs),
            column=sql.Identifier(reference.columns[0]),
            key=sql.Identifier(reference.parent_columns[0]),
            child=sql.Identifier(*locate(reference.child, schemas)),
            parent=sql.Identifier(*locate(reference.parent, schemas)),
            most=sql.Literal(_SAMPLED),
        )
        with Attempt(connection, _PATIENCE), connection.cursor() as cursor:
            cursor.execute(query)
            ((other, all_),) = cursor.fetchall()
            crossing, looked_at = crossing + other, looked_at + all_
    return crossing, looked_at


def _leading_to(catalog: Catalog, references: list[CatalogForeignKey], owned: set[str]) -> set[str]:
    """`owned`, and every table with a reference to one of them that cannot be null."""
    reached = set(owned)
    while True:
        further = {
            reference.child
            for reference in references
            if reference.parent in reached
            and reference.child in catalog.tables
            and set(reference.columns) <= catalog.tables[reference.child].not_null
        } - reached
        if not further:
            return reached
        reached |= further


def _plain(column: str) -> str:
    return column.lower().replace("_", "")
