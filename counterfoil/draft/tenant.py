"""Guessing who shares a database: the column that most tables have of one other table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.contract.catalog import Catalog, CatalogForeignKey


@dataclass(frozen=True)
class TenantGuess:
    """Which table and column it may be, and by how much.

    Attributes:
        table: the table of tenants.
        column: what most tables call the tenant.
        columns: the tables that spell it otherwise (dealershipId for dealership_id).
        count: the tables that carry it.
        total: the tables that might.
        unowned: the tables that neither carry it nor lead to it.
        paths: the tables that lead to it over references that must be set.
    """

    table: str
    column: str
    columns: Mapping[str, str]
    count: int
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
        columns={name: other for name, other in sorted(spelt.items()) if other != column},
        count=len(spelt),
        total=total,
        unowned=tuple(sorted(unowned)),
        paths=frozenset(paths),
    )


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
