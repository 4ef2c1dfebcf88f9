"""The rules of a contract about the rows of one table each; docs/rules.md has recipes for them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, model_validator

from counterfoil.common.sqltext import literal, quoted
from counterfoil.contract.clauses import Clause, Condition, Name
from counterfoil.contract.sql_words import written

Severity = Literal["critical", "warning", "info"]

# What a contract mentions of a table, a column or SQL that is true of some of its rows: with the
# key that does, (table, column, key) or (key, table, condition).
Mentions = Iterator[tuple[str, str, str]]


class RowRule(Clause):
    """A rule about the rows of a table, or about those of which `where` is not false."""

    name: Name
    table: Name
    where: Condition | None = None

    def columns_mentioned(self, key: str) -> Mentions:
        """Each (table, column, key) that must exist; `key` is the rule's own."""
        yield from ()

    def conditions(self, key: str) -> Mentions:
        """Each (key, table, SQL condition) that Postgres must understand."""
        if self.where:
            yield f"{key}.where", self.table, is_true(self.where)


class BusinessKey(RowRule):
    """Columns, or SQL over the row, that no two rows of a table may agree on."""

    columns: tuple[Name, ...] = Field(min_length=1)

    def columns_mentioned(self, key: str) -> Mentions:
        """Each of its columns, and what is SQL besides."""
        return ((self.table, column, f"{key}.columns") for column in self.columns)


class RequiredValue(RowRule):
    """A column that must be filled, under an SQL condition."""

    column: Name

    def columns_mentioned(self, key: str) -> Mentions:
        """Its column."""
        yield self.table, self.column, f"{key}.column"


class AllowedValues(RowRule):
    """What a column may hold: a set, a range, a pattern; null only if `nullable`."""

    column: Name
    values: tuple[str, ...] | None = Field(default=None, min_length=1)
    min: StrictInt | StrictFloat | None = None
    max: StrictInt | StrictFloat | None = None
    pattern: Name | None = None
    nullable: StrictBool = False

    @model_validator(mode="after")
    def _restricts_something(self) -> Self:
        if self.values is None and self.pattern is None and self.min is None and self.max is None:
            raise ValueError("allows everything: give values, min, max or pattern")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("allows nothing: min is above max")
        return self

    def columns_mentioned(self, key: str) -> Mentions:
        """Its column."""
        yield self.table, self.column, f"{key}.column"

    def conditions(self, key: str) -> Mentions:
        """That its bounds and its pattern are of the column's type."""
        yield from super().conditions(key)
        for end in ("min", "max"):
            if (bound := getattr(self, end)) is not None:
                # What can be multiplied is a number, or money: a text is cast as well.
                number = f"({quoted(self.column)} * 1)::numeric"
                yield f"{key}.{end}", self.table, f"{number} < {bound}"
        if self.pattern:
            yield f"{key}.pattern", self.table, f"'' ~ {literal(self.pattern)}"


class OwnRule(RowRule):
    """A rule that says of itself what others' suites say in general: a result of its own."""

    severity: Severity | None = None
    title: Name | None = None
    why: Name | None = None
    remedy: Name | None = None
    owner: Name | None = None

    @property
    def words(self) -> Mapping[str, Any]:
        """Those that it says."""
        said = {name: getattr(self, name) for name in WORDS}
        return {name: value for name, value in said.items() if value is not None}


# None of them is part of a view.
WORDS = frozenset(OwnRule.model_fields) - frozenset(RowRule.model_fields)


class Rule(OwnRule):
    """SQL that holds for each row; `observed` are columns whose values its findings tell."""

    holds: Condition
    observed: tuple[Name, ...] = ()

    def columns_mentioned(self, key: str) -> Mentions:
        """Those whose values are told."""
        return ((self.table, column, f"{key}.observed") for column in self.observed)

    def conditions(self, key: str) -> Mentions:
        """What holds, and of which rows."""
        yield from super().conditions(key)
        yield f"{key}.holds", self.table, is_true(self.holds)


class StatusHistory(Clause):
    """A table with a row for each status that a row of another has had.

    `of` references that row's key, `at` is when.
    """

    table: Name
    of: Name
    status: Name
    at: Name


class Workflow(OwnRule):
    """The statuses of a table's rows: when each was reached, and which may follow which."""

    status: Name
    at: dict[Name, Name] = Field(default_factory=dict)
    follows: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    history: StatusHistory | None = None

    @model_validator(mode="after")
    def _requires_something(self) -> Self:
        if not self.at and not self.follows:
            raise ValueError("requires nothing: give at, or follows")
        if self.history and not self.follows:
            raise ValueError("history is judged by follows: give that as well")
        return self

    def columns_mentioned(self, key: str) -> Mentions:
        """Those of the table, and those of its history."""
        yield self.table, self.status, f"{key}.status"
        for status, column in self.at.items():
            yield self.table, column, f"{key}.at.{status}"
        if self.history:
            for of in ("of", "status", "at"):
                yield self.history.table, getattr(self.history, of), f"{key}.history.{of}"

    def conditions(self, key: str) -> Mentions:
        """That its times compare, and of which rows it is."""
        yield from super().conditions(key)
        for first, second in self.in_order:
            yield f"{key}.at", self.table, f"{quoted(first)} <= {quoted(second)}"

    @property
    def steps(self) -> Iterator[tuple[str, str]]:
        """Each pair of statuses of which the second may follow the first."""
        return ((before, after) for before, listed in self.follows.items() for after in listed)

    @property
    def statuses(self) -> tuple[str, ...]:
        """All that there may be; none unless it says what follows what."""
        named = [*self.follows, *(after for _, after in self.steps), *self.at]
        return tuple(dict.fromkeys(named)) if self.follows else ()

    @property
    def in_order(self) -> Iterator[tuple[str, str]]:
        """Each pair of columns of which the first is the earlier time.

        Not of two statuses that lead back to each other: either may be the earlier one.
        """
        ahead = {status: self._ahead(status) for status in self.at}
        for before, first in self.at.items():
            for after, second in self.at.items():
                is_ahead = after in ahead[before] and before not in ahead[after]
                if is_ahead and first != second:
                    yield first, second

    def _ahead(self, status: str) -> frozenset[str]:
        """The statuses that a row may come to from there."""
        found: set[str] = set()
        waiting = [*self.follows.get(status, ())]
        while waiting:
            after = waiting.pop()
            if after not in found:
                found.add(after)
                waiting += self.follows.get(after, ())
        return frozenset(found)


def is_true(condition: str) -> str:
    """SQL over a row, as a condition that is never null."""
    return f"({written(condition)}) is true"
