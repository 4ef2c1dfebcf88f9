"""What a table's columns may be to a ledger, by their types and names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice

from counterfoil.common.sqltext import identifier
from counterfoil.contract.catalog import CatalogForeignKey, CatalogTable
from counterfoil.draft.ledgers.terms import EXACT, Amount
from counterfoil.draft.ledgers.ways import names_other

_NUMBERS = (*EXACT, "money")
_MOST_NUMBERS = 8

# What an opening is called; else it is the column that stands first.
_OPENING = re.compile("open|initial|start|total|capacity|limit|grant")
# What counts entries, and what may be the sum of rows that do not reference it.
_COUNTING = re.compile("count|^num_|number|version")
_STORED = re.compile(
    "count|total|balance|sold|used|spent|reserved|allocated|available|remaining|quantity|stock"
    "|on_?hand|sum|paid|due|points|credits|num_|taken|booked|held|owed|outstanding|received|earned"
)
# What a product of two is of.
_QUANTITY = re.compile("quantity|qty|count|units|hours|nights|days")
# What else is called a number of something that may be added up.
_AMOUNT = re.compile(f"{_STORED.pattern}|{_QUANTITY.pattern}|amount|price|value|change|delta")
# Accounts that are gone: their numbers are no longer kept.
_GONE = re.compile("delet|archiv|discard|remov")


class Columns:
    """The columns of a database's tables."""

    def __init__(
        self, tables: Mapping[str, CatalogTable], references: Iterable[CatalogForeignKey]
    ) -> None:
        self._tables = tables
        # Keys, and what references one, are numbers of something else.
        self._naming = {name: set(table.primary_key) for name, table in tables.items()}
        for one in references:
            self._naming.setdefault(one.child, set()).update(one.columns)

    def naming(self, name: str) -> set[str]:
        """Those of a table that are keys or references."""
        return self._naming[name]

    def numbers(self, name: str) -> list[str]:
        """A table's columns that may be amounts: if they are many, those called so."""
        numbers = [
            column
            for column, type_ in self._tables[name].types.items()
            if type_ in _NUMBERS and column not in self._naming[name] and not names_other(column)
        ]
        likely = sorted(numbers, key=lambda one: _AMOUNT.search(one.lower()) is None)
        return [one for one in numbers if one in likely[:_MOST_NUMBERS]]

    def amounts(self, name: str) -> list[Amount]:
        """What an entry may count for: a number, or a product of two, of a quantity first."""
        numbers = sorted(self.numbers(name), key=lambda one: _QUANTITY.search(one.lower()) is None)
        products = islice(combinations(numbers, 2), _MOST_NUMBERS)
        columns = [*((one,) for one in self.numbers(name)), *products]
        types = self._tables[name].types
        return [Amount(of, tuple(types[one] for one in of)) for of in columns]

    def living(self, name: str) -> str | None:
        """That an account is not gone, as SQL over its row."""
        table = self._tables[name]
        for column, type_ in table.types.items():
            if not _GONE.search(column.lower()):
                continue
            if type_ == "boolean":
                return f"{identifier(column)} is not true"
            if type_.startswith("timestamp") and column not in table.not_null:
                return f"{identifier(column)} is null"
        return None


def is_summed(numbers: Sequence[str]) -> bool:
    """Whether the name of one says that it is a sum."""
    return any(_STORED.search(one.lower()) for one in numbers)


def is_counting(column: str) -> bool:
    """Whether it is called as what counts entries."""
    return _COUNTING.search(column.lower()) is not None


def begins(opening: str, stored: str, columns: Sequence[str]) -> bool:
    """Whether it is the opening of the two: what holds for both ways round cannot tell itself."""
    if opening == stored:
        return False
    by_name = [_OPENING.search(column.lower()) is None for column in (opening, stored)]
    return (by_name[0], columns.index(opening)) < (by_name[1], columns.index(stored))
