"""PostgreSQL 18's own grammar (libpg_query, by postgast): statements, and where they begin."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import postgast
from google.protobuf.message import DecodeError

from counterfoil.migrations.facts import HOLE


class RefusedSqlError(Exception):
    """Text that Postgres does not parse.

    Attributes:
        problem: in Postgres' words.
        at: the character at which it gives up, from 0.
    """

    def __init__(self, problem: str, at: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.at = problem, at


class TooDeepError(Exception):
    """SQL that Postgres parses, and whose tree is deeper than the library hands over."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement: its kind (create_stmt), its node, and the character it begins at."""

    kind: str
    node: Any
    at: int


def parse(text: str) -> list[Parsed]:
    """The statements of `text`.

    Raises:
        RefusedSqlError: it does not parse.
        TooDeepError: one of them is nested some 45 levels deep, or has as many joins.
    """
    text = _plain(text)
    try:
        tree = postgast.parse(text)
    except postgast.PgQueryError as cause:
        raise RefusedSqlError(cause.message, max(cause.cursorpos - 1, 0)) from None
    except DecodeError:
        raise TooDeepError from None
    place = _characters(text)
    return [
        Parsed(kind, getattr(raw.stmt, kind), place(raw.stmt_location))
        for raw in tree.stmts
        if (kind := raw.stmt.WhichOneof("node"))
    ]


def split(text: str, *, method: Literal["parser", "scanner"]) -> list[slice]:
    """Where the statements of `text` stand, without their semicolons.

    Args:
        method: the parser knows every statement; the scanner takes also what does not parse,
            and leaves out what begins with no keyword.

    Raises:
        RefusedSqlError: not even its words can be told apart; by the parser, it does not parse.
    """
    text = _plain(text)
    try:
        pieces = postgast.split(text, method=method)
    except postgast.PgQueryError as cause:
        raise RefusedSqlError(cause.message, max(cause.cursorpos - 1, 0)) from None
    found = []
    after = 0
    for piece in pieces:
        start = text.index(piece, after)
        after = start + len(piece)
        found.append(slice(start + len(piece) - len(piece.lstrip()), after))
    return found


def plpgsql(body: str) -> list[dict[str, Any]]:
    """The tree of a PL/pgSQL block.

    Raises:
        RefusedSqlError: it does not parse.
    """
    tag = "$counterfoil$"
    try:
        return postgast.parse_plpgsql(_plain(f"do {tag}{body}{tag}"))
    except (postgast.PgQueryError, ValueError, RecursionError) as cause:
        raise RefusedSqlError(str(cause)) from None


def of(node: Any) -> Any:
    """What a node of any kind holds; None for none."""
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else None


def listed(nodes: Any) -> Iterator[Any]:
    """What each of several nodes holds."""
    return map(of, nodes)


def _plain(text: str) -> str:
    """Without half a surrogate pair, which Python's text can hold and no database can."""
    return text.replace(HOLE, "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


class _characters:  # noqa: N801
    """From a place in bytes to one in characters; asked in rising order."""

    def __init__(self, text: str) -> None:
        self._raw = None if text.isascii() else text.encode()
        self._bytes = self._characters = 0

    def __call__(self, at: int) -> int:
        if self._raw is None:
            return at
        self._characters += len(self._raw[self._bytes : at].decode())
        self._bytes = at
        return self._characters
