"""What a replay runs: the pieces of each file, in the order in which a tool applies them."""

from dataclasses import dataclass, field

from counterfoil.migrations.tools import Transaction


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a file, or one of which nobody knows what it would do.

    Attributes:
        line: where it begins.
        sql: the statement; empty if it is not known.
        unknown: why what it does is not known, or (with SQL) not all of it.
        is_conditional: the migration runs it under a condition.
        is_fault: it does not parse, which its reader has said.
    """

    line: int
    sql: str = ""
    unknown: str | None = None
    is_conditional: bool = False
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """What is run of one file, one way.

    Attributes:
        file: its path, as findings name it.
        pieces: in order.
        transaction: what of it is done or undone together.
    """

    file: str
    pieces: tuple[Piece, ...]
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class TreeScripts:
    """What is run of one tree: all files forward, and then those that go back."""

    forward: list[Script] = field(default_factory=list)
    back: list[Script] = field(default_factory=list)
