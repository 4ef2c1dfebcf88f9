"""Ways from rows that may be a ledger's entries to the accounts that they may move."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from counterfoil.common.sqltext import identifier
from counterfoil.contract.catalog import ROW_PLACE, Catalog, CatalogForeignKey, CatalogTable
from counterfoil.contract.clauses import locate

# What is a number of something else, by its name; what is paid is none.
_NAMES_OTHER = re.compile("(?<!pa)(?<!b)id$", re.IGNORECASE)

# How many columns name an account together at most.
_MOST_SHARED = 3
# What has more columns does not only join two other tables.
_WIDEST_BRIDGE = 6


@dataclass(frozen=True)
class Way:
    """From the entries' rows to the accounts', as a ledger of a contract declares it.

    Attributes:
        accounts: their table.
        key: its columns that the entries name.
        entries: their table.
        account: the account's key as SQL over an entry and what is joined to it.
        join: what is joined to the entries, as SQL.
    """

    accounts: str
    key: tuple[str, ...]
    entries: str
    account: tuple[str, ...]
    join: str = ""

    def column(self, name: str) -> str:
        """A column of the entries as SQL; beside a joined table it needs its own's name."""
        return identifier(self.entries.rsplit(".", 1)[-1], name) if self.join else identifier(name)


@dataclass(frozen=True)
class _Hop:
    """To a table, whose column is what the column of the table before it is."""

    table: str
    column: str
    before: str


class Ways:
    """The ways that there are in a database, by the accounts' table.

    Args:
        catalog: the tables.
        references: the declared ones, and those guessed.
        schemas: the contract's, its own first.
        tenants: columns that say whose a row is: nothing is an account for having one's.
    """

    def __init__(
        self,
        catalog: Catalog,
        references: Sequence[CatalogForeignKey],
        schemas: Sequence[str],
        tenants: frozenset[str],
    ) -> None:
        self._tables = {
            name: table for name, table in catalog.tables.items() if table.key != ROW_PLACE
        }
        self._catalog = catalog
        self._schemas = schemas
        self._tenants = tenants
        self._referencing: dict[str, list[CatalogForeignKey]] = {}
        for one in references:
            self._referencing.setdefault(one.parent, []).append(one)
        self._referring = {one.child for one in references}

    def leads_on(self, table: str) -> bool:
        """Whether its rows reference others."""
        return table in self._referring

    def direct(self, accounts: str) -> list[Way]:
        """Over a reference; of two that end in one column the shorter."""
        ways: dict[tuple[str, str], Way] = {}
        references = self._referencing.get(accounts, ())
        for one in sorted(references, key=lambda reference: len(reference.columns)):
            if one.child in self._tables:
                account = tuple(map(identifier, one.columns))
                way = Way(accounts, one.parent_columns, one.child, account)
                ways.setdefault((one.child, one.columns[-1]), way)
        return list(ways.values())

    def shared(self, accounts: str) -> Iterator[Way]:
        """To a table whose rows are what several numbers say, or a unique key of it, which others
        have as well.
        """
        table = self._catalog.tables[accounts]
        for name, other in self._unreached(accounts):
            keys = [
                [column for column in self._ids(table) if self._is_alike(table, other, column)],
                *(
                    [column for column in table.types if column in of]
                    for of in table.unique
                    if all(self._is_alike(table, other, column) for column in of)
                ),
            ]
            for common in sorted({*map(tuple, keys)}):
                is_told = not self._tenants.issuperset(common)
                if is_told and 2 <= len(common) <= _MOST_SHARED:
                    yield Way(accounts, common, name, tuple(map(identifier, common)))

    def further(self, accounts: str) -> Iterator[Way]:
        """Over a table between, or over one that joins the accounts to what others belong to."""
        for first in self._down(accounts):
            for second in self._down(first.table):
                yield from self._over(accounts, first, second)
            if len(self._catalog.tables[first.table].types) > _WIDEST_BRIDGE:
                continue
            for beside in self._beside(first.table):
                yield from self._over(accounts, first, beside)
                for last in self._down(beside.table):
                    yield from self._over(accounts, first, beside, last)

    def _over(self, accounts: str, *hops: _Hop) -> Iterator[Way]:
        tables = [accounts, *(hop.table for hop in hops)]
        bare = [name.rsplit(".", 1)[-1] for name in tables]
        entries = hops[-1].table
        is_reached = entries not in self._tables or entries in self._reached(accounts)
        if len(set(bare)) < len(bare) or is_reached:
            return
        joins = [
            f"join {identifier(*locate(tables[place], self._schemas))} on"
            f" {identifier(bare[place], hop.before)} = {identifier(bare[place + 1], hop.column)}"
            for place, hop in reversed([*enumerate(hops)][1:])
        ]
        account = identifier(bare[1], hops[0].column)
        yield Way(accounts, (hops[0].before,), hops[-1].table, (account,), " ".join(joins))

    def _down(self, table: str) -> Iterator[_Hop]:
        for one in self._referencing.get(table, ()):
            if len(one.columns) == 1 and one.child != table:
                yield _Hop(one.child, one.columns[0], one.parent_columns[0])

    def _beside(self, table: str) -> Iterator[_Hop]:
        own = self._catalog.tables[table]
        for name, other in self._catalog.tables.items():
            for column in self._ids(own) if name != table else ():
                if column not in self._tenants and self._is_alike(own, other, column):
                    yield _Hop(name, column, column)

    def _unreached(self, accounts: str) -> Iterator[tuple[str, CatalogTable]]:
        """The tables that may have entries, without a reference to the accounts."""
        reached = self._reached(accounts)
        return ((name, table) for name, table in self._tables.items() if name not in reached)

    def _reached(self, accounts: str) -> set[str]:
        """The accounts themselves, and the tables that reference them."""
        return {accounts, *(one.child for one in self._referencing.get(accounts, ()))}

    def _ids(self, table: CatalogTable) -> Iterator[str]:
        """The columns that by their name are numbers of something else."""
        return (
            column
            for column in table.types
            if names_other(column) and (column,) != table.primary_key
        )

    def _is_alike(self, one: CatalogTable, other: CatalogTable, column: str) -> bool:
        return one.types[column] == other.types.get(column) and (column,) != other.primary_key


def names_other(column: str) -> bool:
    """Whether a column by its name is the number of something else."""
    return _NAMES_OTHER.search(column) is not None
