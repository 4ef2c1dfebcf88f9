"""Reading a text of SQL: its statements, and which of it does not parse."""

import re
from dataclasses import dataclass, field

from counterfoil.migrations.grammar import (
    Parsed,
    RefusedSqlError,
    TooDeepError,
    parse,
    split,
    unqualified_names,
)
from counterfoil.migrations.scripts import Piece

# What a template engine, Flyway or psql puts a value in place of, before Postgres sees it.
_TEMPLATE = re.compile(r"\$\{[^}\n]*\}|\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|:'?\"?[A-Za-z_]\w*", re.DOTALL)
_OTHER_DIALECT = re.compile(
    r"`|\bauto_increment\b|\bengine\s*=|\bautoincrement\b|\bnvarchar\b|^\s*go\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_READS_ANOTHER_FILE = re.compile(r"^\\(?:i|ir|include|include_relative|gexec|copy)\b", re.M)
_PSQL_LINE = re.compile(r"^\\[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_COPY_DATA = re.compile(r"(\bfrom\s+stdin\b[^;]*;)\n(.*?)^\\\.$", re.I | re.S | re.M)
_NOTHING_DONE = frozenset(
    f"{kind}_stmt"
    for kind in ("transaction", "select", "variable_set", "variable_show", "explain", "check_point")
)


@dataclass
class SqlReading:
    """What a text says, statement by statement.

    Attributes:
        pieces: its statements, in order; without SQL those that are not to be run.
        faults: by line, what does not parse, in PostgreSQL's words.
        names: by line, tables that are named without a schema, if that was asked.
        changes: whether it does anything to a database, whatever it is.
    """

    pieces: list[Piece] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    names: list[tuple[int, str]] = field(default_factory=list)
    changes: bool = False


def read_sql(text: str, *, first_line: int = 1, wants_names: bool = False) -> SqlReading:
    """Reads the statements of a text.

    Args:
        text: any number of statements, psql's own commands and the data of COPY among them.
        first_line: the line of the file that the text begins on.
        wants_names: whether names without a schema are looked for.
    """
    reading = SqlReading()
    reader = _Reader(reading, without_psql(text), first_line, wants_names)
    if _READS_ANOTHER_FILE.search(text):
        reading.pieces.append(
            Piece(first_line, unknown="psql reads another file here, which is not run")
        )
        reading.changes = True
    reader.read()
    return reading


def without_psql(text: str) -> str:
    """The text without psql's own lines and the data of COPY, line for line."""
    if "\\" not in text:
        return text
    text = _COPY_DATA.sub(lambda found: found[1] + "\n" * (found[2].count("\n") + 1), text)
    return _PSQL_LINE.sub("", text)


class _Reader:
    """Walks a text once, from its beginning to its end."""

    def __init__(self, reading: SqlReading, text: str, first_line: int, wants_names: bool) -> None:
        self._reading, self._text, self._wants_names = reading, text, wants_names
        self._at, self._line = 0, first_line

    def read(self) -> None:
        try:
            statements = parse(self._text)
        except (RefusedSqlError, TooDeepError):
            self._read_in_pieces()
            return
        for statement in statements:
            self._note(statement, slice(statement.at, statement.stop))

    def _note(self, statement: Parsed | None, place: slice) -> None:
        """Notes a statement; None for one that is too deep to be looked at, and can be run."""
        leading = _LEADING.match(self._text, place.start, place.stop)
        start = leading.end() if leading else place.start
        line = self._line_of(start)
        self._reading.pieces.append(Piece(line, self._text[start : place.stop]))
        into = (
            statement and statement.kind == "select_stmt" and statement.node.HasField("into_clause")
        )
        if statement is None or into or statement.kind not in _NOTHING_DONE:
            self._reading.changes = True
        if statement and self._wants_names:
            self._reading.names += [(line, name) for name in unqualified_names(statement)]

    def _read_in_pieces(self) -> None:
        """One bad statement does not hide the others."""
        text = self._text
        try:
            pieces = split(text, method="scanner")
        except RefusedSqlError as cause:
            self._refuse(slice(0, len(text)), cause)
            return
        after = 0
        for piece in [*pieces, slice(len(text), len(text))]:
            # What begins with no keyword is left out of the pieces, silently.
            between = _COMMENT.sub("", text[after : piece.start]).strip("; \n\t\f\v")
            if between:
                word = between.split(maxsplit=1)[0]
                problem = RefusedSqlError(f'syntax error at or near "{word}"')
                self._refuse(slice(text.index(word, after), piece.start), problem)
            after = piece.stop
            try:
                for statement in parse(text[piece]):
                    self._note(statement, piece)
            except RefusedSqlError as cause:
                self._refuse(piece, cause)
            except TooDeepError:
                self._note(None, piece)

    def _refuse(self, place: slice, cause: RefusedSqlError) -> None:
        statement = self._text[place]
        line = self._line_of(place.start)
        self._reading.changes = True
        if _is_template(statement):
            unknown = "a template, which something fills in first"
            self._reading.pieces.append(Piece(line, unknown=unknown))
            return
        hint = ", and looks like another database's SQL" if _OTHER_DIALECT.search(statement) else ""
        line += statement.count("\n", 0, cause.at)
        self._reading.faults.append((line, f"{cause.problem}{hint}"))
        self._reading.pieces.append(Piece(line, is_fault=True))

    def _line_of(self, offset: int) -> int:
        """The line of a place; asked in rising order, so that the text is read once."""
        if offset > self._at:
            self._line += self._text.count("\n", self._at, offset)
            self._at = offset
        return self._line


def _is_template(text: str) -> bool:
    """Whether something would fill the text in before Postgres sees it."""
    return _TEMPLATE.search(re.sub(r"::\s*\w+|(?<!:)'[^']*'", "", text)) is not None
