"""The parts that a report is made of, whether a page, Markdown, a terminal or Prefect shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from counterfoil.audit.findings import CheckStatus
from counterfoil.suites.pack_report import Form
from counterfoil.suites.severities import Severity

Mark = CheckStatus | Severity

# The marks of what asks nothing of anybody.
_QUIET: frozenset[Mark] = frozenset({"pass", "not applicable"})


@dataclass(frozen=True)
class Column:
    """A column's caption, and how its values are written: see `pack_report.Form`.

    `has_bars` says that a page draws its numbers, too.
    """

    caption: str
    form: Form
    has_bars: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether its values line up at the right."""
        return self.form in ("number", "signed", "amount")


@dataclass(frozen=True)
class Cell:
    """What stands in a table.

    Attributes:
        text: as a reader reads it.
        mark: the status that it bears; None for none.
        is_strong: whether a reader should see it first; None where its column does not say.
        number: its value, where that is one.
    """

    text: str
    mark: Mark | None = None
    is_strong: bool | None = None
    number: float | None = None


@dataclass(frozen=True)
class Table:
    """Lines of cells, in step with the columns.

    Attributes:
        more: how many further lines there are.
        view: the view that lists them all, with its schema; None where none does.
    """

    kind: ClassVar[str] = "table"

    id: str
    caption: str
    columns: tuple[Column, ...]
    lines: tuple[tuple[Cell, ...], ...]
    more: int = 0
    view: str | None = None

    @property
    def largest(self) -> list[float]:
        """Of each column that has bars the largest number, whatever its sign; of others 0."""
        return [
            max(abs(line[place].number or 0) for line in self.lines) if column.has_bars else 0
            for place, column in enumerate(self.columns)
        ]

    @property
    def standing(self) -> list[tuple[Cell, ...]]:
        """The lines of which everything that judges them says that they hold."""
        return [line for line in self.lines if _holds(line)]

    @property
    def off(self) -> list[tuple[Cell, ...]]:
        """The other lines of it."""
        return [line for line in self.lines if not _holds(line)]

    def failing(self, most: int) -> Sequence[tuple[Cell, ...]]:
        """The first lines that a reader should see, because something in them is wrong."""
        return [
            line
            for line in self.lines
            if any(cell.is_strong or cell.mark == "fail" for cell in line)
        ][:most]


def _said(line: Iterable[Cell]) -> set[bool]:
    """What is said of a line by all that judges it: that it holds, and that it does not."""
    said = {cell.mark in _QUIET for cell in line if cell.mark}
    return said | {not cell.is_strong for cell in line if cell.is_strong is not None}


def _holds(line: Iterable[Cell]) -> bool:
    return _said(line) == {True}


@dataclass(frozen=True)
class Item:
    """A line of a list; `check` is the name of the result that it is about."""

    text: str
    mark: Mark | None = None
    check: str | None = None


@dataclass(frozen=True)
class Items:
    """A list."""

    kind: ClassVar[str] = "items"

    items: tuple[Item, ...]


@dataclass(frozen=True)
class Paragraph:
    """A sentence, or several."""

    kind: ClassVar[str] = "paragraph"

    text: str


Block = Paragraph | Items | Table


@dataclass(frozen=True)
class Section:
    """Blocks under a heading."""

    id: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def is_in_order(self) -> bool:
        """Whether nothing in it is wrong, unknown or waived, as far as it judges anything."""
        return not any(_asks(block) for block in self.blocks)

    @property
    def standing(self) -> int:
        """How many lines of its tables hold."""
        return sum(len(block.standing) for block in self.blocks if isinstance(block, Table))


def _asks(block: Block) -> bool:
    if isinstance(block, Table):
        return any(False in _said(line) for line in block.lines)
    if isinstance(block, Items):
        return not _QUIET.issuperset(item.mark for item in block.items if item.mark)
    return False
