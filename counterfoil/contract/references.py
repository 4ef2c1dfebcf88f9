"""The references of a contract: columns whose values must be another table's."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from counterfoil.common.sqltext import literal, quoted
from counterfoil.contract.clauses import Clause, Condition, Name
from counterfoil.contract.rules import Mentions, is_true

# What a column may be read as, to be compared with a parent's of that type.
ReadAs = Literal["smallint", "integer", "bigint", "numeric", "uuid", "text"]


class Relationship(Clause):
    """Columns that reference another table's, whether or not a constraint says so.

    One is `column`, several are `columns`. `parent_column` and `parent_columns` are for a
    reference to something else than the parent's `key`; `as` is the type that the column is read
    as, `where` which rows it is about.
    """

    named: Name | None = Field(default=None, alias="name")
    child: Name
    column: Name | None = None
    columns: tuple[Name, ...] | None = Field(default=None, min_length=2)
    as_: ReadAs | None = Field(default=None, alias="as")
    where: Condition | None = None
    parent: Name
    parent_column: Name | None = None
    parent_columns: tuple[Name, ...] | None = Field(default=None, min_length=2)
    required: StrictBool = False

    @model_validator(mode="after")
    def _is_one_or_several(self) -> Self:
        if (self.column is None) == (self.columns is None):
            raise ValueError("give either column or columns")
        if self.as_ and self.columns:
            raise ValueError("as is for a reference of one column")
        return self

    def conditions(self, key: str) -> Mentions:
        """Which rows it is about, as `RowRule` has it."""
        if self.where:
            yield f"{key}.where", self.child, is_true(self.where)

    @property
    def name(self) -> str:
        """The stable name that findings are keyed by."""
        columns = self.column or f"({', '.join(self.child_columns)})"
        return self.named or f"{self.child}.{columns}"

    @property
    def child_columns(self) -> tuple[str, ...]:
        """The columns that reference."""
        return self.columns or (str(self.column),)


class OfOtherTypes(Relationship):
    """The rows of a polymorphic reference whose type has no parent: they reference nothing.

    `parent` is one of the others', and not looked at.
    """

    type_column: Name


class PolymorphicReference(Clause):
    """A column that references one of several tables, by a type that stands beside it.

    `parents` has the table of each type.
    """

    named: Name | None = Field(default=None, alias="name")
    child: Name
    column: Name
    type_column: Name
    as_: ReadAs | None = Field(default=None, alias="as")
    where: Condition | None = None
    parents: dict[Name, Name] = Field(min_length=1)
    required: StrictBool = False

    @property
    def relationships(self) -> Iterator[Relationship]:
        """The reference of each type, called after it, and that of all other types."""
        name = self.named or f"{self.child}.{self.column}"
        type_ = f"{quoted(self.type_column)}::text"
        for value, parent in self.parents.items():
            yield Relationship(
                named=f"{name} ({value})",
                child=self.child,
                column=self.column,
                as_=self.as_,
                where=self._among(f"coalesce({type_} = {literal(value)}, false)"),
                parent=parent,
                required=self.required,
            )
        known = ", ".join(map(literal, self.parents))
        yield OfOtherTypes(
            named=name,
            child=self.child,
            column=self.column,
            where=self._among(f"coalesce({type_} not in ({known}), true)"),
            parent=next(iter(self.parents.values())),
            required=self.required,
            type_column=self.type_column,
        )

    def columns_mentioned(self, key: str) -> Mentions:
        """Its own, as `RowRule` has them."""
        yield self.child, self.column, f"{key}.column"
        yield self.child, self.type_column, f"{key}.type_column"

    def conditions(self, key: str) -> Mentions:
        """Which rows it is about, as `RowRule` has it."""
        if self.where:
            yield f"{key}.where", self.child, is_true(self.where)

    def _among(self, condition: str) -> str:
        """The condition on the rows that the reference is about."""
        # A remark at its end would take what follows with it.
        return f"(({self.where}\n) is not false) and {condition}" if self.where else condition
