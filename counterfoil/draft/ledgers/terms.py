"""What a stored number is made of, as SQL and in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from counterfoil.common.sqltext import identifier, literal
from counterfoil.draft.ledgers.ways import Way

# What an entry is, by the columns that tell entries apart.
Cell = tuple[str, ...]

# No value of the application's is called so.
_NULL = "counterfoil_null"

_BARE = ("smallint", "integer", "boolean")
# Numbers that add up exactly; others have to be cast.
EXACT = ("smallint", "integer", "bigint", "numeric")


@dataclass(frozen=True)
class Kind:
    """A column that tells entries apart: by its value, or by whether it has one."""

    column: str
    type_: str

    @property
    def is_instant(self) -> bool:
        """Whether only having a value counts."""
        return self.type_.startswith(("timestamp", "date"))

    @property
    def may_have_more(self) -> bool:
        """Whether there may be values tomorrow that do not occur today."""
        return not self.is_instant and self.type_ != "boolean"

    def value(self, way: Way) -> str:
        """What it says of an entry, as SQL of type text."""
        column = way.column(self.column)
        if self.is_instant:
            return f"({column} is null)::text"
        return f"coalesce({column}::text, {literal(_NULL)})"

    def condition(self, way: Way, values: Sequence[str]) -> str:
        """That it says one of these, as SQL."""
        column = way.column(self.column)
        if self.is_instant:
            return f"{column} is {'null' if values[0] == 'true' else 'not null'}"
        known = [one for one in values if one != _NULL]
        if not known:
            return f"{column} is null"
        if self.type_ == "boolean":
            if known[1:]:
                return f"{column} is not null"
            if len(known) < len(values):
                return f"{column} is not {'false' if known[0] == 'true' else 'true'}"
            return column if known[0] == "true" else f"not {column}"
        listed = [one if self.type_ in _BARE else literal(one) for one in known]
        said = f"{column} in ({', '.join(listed)})" if listed[1:] else f"{column} = {listed[0]}"
        return said if len(known) == len(values) else f"({said} or {column} is null)"


@dataclass(frozen=True)
class Amount:
    """What an entry counts for: a column, a product of two, or 1 for no column."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def sql(self, way: Way) -> str:
        """As SQL over an entry."""
        return " * ".join(map(_exact, map(way.column, self.columns), self.types)) or "1"

    @property
    def words(self) -> str:
        """What is added up."""
        return f"sum of {' * '.join(self.columns)}" if self.columns else "count"


@dataclass(frozen=True)
class Term:
    """Entries of one way that a stored number is the sum of.

    Attributes:
        way: from the entries to the accounts.
        amount: what one counts for.
        factor: what that is multiplied by.
        kinds: what tells entries apart.
        signs: of each kind of entry that occurs whether it adds (1), takes (-1) or does not count.
    """

    way: Way
    amount: Amount
    factor: Decimal
    kinds: tuple[Kind, ...]
    signs: Mapping[Cell, int]

    @property
    def signed(self) -> str:
        """What a counting entry adds, as SQL."""
        counting = {cell: sign for cell, sign in self.signs.items() if sign}
        if len(set(counting.values())) == 1:
            return self._signed(next(iter(counting.values())))
        for place, kind in enumerate(self.kinds):
            by_value = {(cell[place], sign) for cell, sign in counting.items()}
            if len(by_value) == len({value for value, _ in by_value}):
                ways = {
                    sign: [value for value, of in sorted(by_value) if of == sign]
                    for sign in (1, -1)
                }
                return self._case(
                    {sign: kind.condition(self.way, values) for sign, values in ways.items()}
                )
        return self._case(
            {sign: self._among([c for c, of in counting.items() if of == sign]) for sign in (1, -1)}
        )

    @property
    def condition(self) -> str | None:
        """Which entries count, as SQL; None for all of them."""
        return self._among([cell for cell, sign in self.signs.items() if sign]) or None

    @property
    def sign(self) -> str:
        """Whether its entries are all taken away, for a reader."""
        return "-" if max(self.signs.values()) <= 0 else "+"

    @property
    def words(self) -> str:
        """What it is, for a reader."""
        times = f" times {self.factor}" if self.factor != 1 else ""
        where = f" where {self.condition}" if self.condition else ""
        # The SQL says which of them are taken.
        signed = "signed " if {1, -1} <= {*self.signs.values()} else ""
        return f"{signed}{self.amount.words}{times} of {self.way.entries}{where}"

    def _signed(self, sign: int) -> str:
        amount = self.amount.sql(self.way)
        if self.factor != 1:
            return f"{amount} * {self.factor * sign}"
        if sign > 0:
            return amount
        return f"-({amount})" if self.amount.columns[1:] else f"-{amount}"

    def _case(self, conditions: Mapping[int, str]) -> str:
        whens = (f"when {sql} then {self._signed(sign)}" for sign, sql in conditions.items())
        return f"case {' '.join(whens)} end"

    def _among(self, cells: Sequence[Cell]) -> str:
        """That an entry is of one of these kinds: by each column alone where that says it."""
        by_place = [sorted({cell[place] for cell in cells}) for place in range(len(self.kinds))]
        said = [
            one
            for one in self.signs
            if all(value in values for value, values in zip(one, by_place, strict=True))
        ]
        if len(said) == len(cells):
            occurring = [{cell[place] for cell in self.signs} for place in range(len(self.kinds))]
            return " and ".join(
                kind.condition(self.way, values)
                for kind, values, of in zip(self.kinds, by_place, occurring, strict=True)
                if set(values) != of or (len(self.kinds) == 1 and kind.may_have_more)
            )
        alternatives = (
            " and ".join(
                kind.condition(self.way, [value])
                for kind, value in zip(self.kinds, cell, strict=True)
            )
            for cell in cells
        )
        return " or ".join(f"({one})" for one in alternatives)


@dataclass(frozen=True)
class Opening:
    """A number of the accounts that a stored one begins at, in another unit perhaps."""

    column: str
    type_: str
    factor: Decimal = Decimal(1)

    @property
    def sql(self) -> str:
        """As SQL over an account."""
        column = _exact(identifier(self.column), self.type_)
        return column if self.factor == 1 else f"{column} * {self.factor}"


@dataclass(frozen=True)
class FoundBalance:
    """A stored number that other rows add up to.

    Attributes:
        stored: the column of the accounts.
        type_: its type.
        opening: what it begins at; None for 0.
        terms: what is added to that.
        holding: for how many accounts it holds, of how many whose entries come to something.
        others: in words what else it is the sum of.
        is_for_some: whether many accounts have no such number.
    """

    stored: str
    type_: str
    opening: Opening | None
    terms: tuple[Term, ...]
    holding: tuple[int, int] = (0, 0)
    others: tuple[str, ...] = ()
    is_for_some: bool = False

    @property
    def sql(self) -> str:
        """The number as SQL over an account."""
        return _exact(identifier(self.stored), self.type_)

    @property
    def is_plain(self) -> bool:
        """Whether what one entry has, as it is, may be the number."""
        term = self.terms[0]
        is_one = len(self.terms) == 1 and term.amount.columns and not self.opening
        return bool(is_one) and term.factor == 1 and min(term.signs.values()) >= 0

    @property
    def accounts(self) -> str:
        """The table that has the number."""
        return self.terms[0].way.accounts

    @property
    def words(self) -> str:
        """What it is the sum of."""
        parts = [self.opening.sql] if self.opening else []
        entries = [term.way.entries for term in self.terms]
        for term in self.terms:
            sign = term.sign if parts or term.sign == "-" else ""
            by = f" ({term.way.account[-1]})" if entries.count(term.way.entries) > 1 else ""
            parts.append(f"{sign} {term.words}{by}".strip())
        return " ".join(parts)


def _exact(column: str, type_: str) -> str:
    return column if type_ in EXACT else f"{column}::numeric"
