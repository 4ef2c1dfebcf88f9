"""Running one tree on an empty database, statement by statement, in its tool's transactions.

PostgreSQL is the judge: what it refuses is a finding in its own words. So that one miss is one
finding and not fifty, what a refused statement would have made is doubtful from then on, and so
is what it missed; a later statement that names something doubtful, and is refused, follows from
the first. A missing schema, type or role is made, and a table is made without the key to a
missing one, so that what comes after can still be judged.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_INTRANS

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.grammar import (
    RefusedSqlError,
    keys_left_out,
    made_by,
    named_in,
    split,
)
from counterfoil.migrations.platforms import stand_ins
from counterfoil.migrations.scratch import Database
from counterfoil.migrations.sql import is_template, without_psql
from counterfoil.migrations.tools import TOOLS, Transaction

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_CONTROL = re.compile(
    r"(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release"
    r"|prepare\s+transaction)\b(?!\s+prepared)",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"(?P<verb>create|drop|comment\s+on|alter)\s+extension\s+(?:if\s+(?:not\s+)?exists\s+)?"
    r"\"?(?P<name>[\w-]+)\"?(?:.*\bschema\s+\"?(?P<schema>\w+)\"?)?",
    re.IGNORECASE | re.DOTALL,
)
_COPY = re.compile(r"copy\b[^;]*\bfrom\s+stdin\b", re.IGNORECASE)
_CHANGES_ROWS = re.compile(r"(?:insert|update|delete|merge|copy|with|do|select|call)\b", re.I)
_READS_ANOTHER_FILE = re.compile(r"^\\(?:i|ir|include|include_relative|gexec|copy)\b", re.M)
_COLUMN = re.compile(r'column "?(?:\w+\.)*(\w+)"?')
_QUOTED = re.compile(r'"([^"]+)"|\bfunction ([^\s(]+)\(')

# What Postgres calls it.
_NO_RIGHT = "42501"
_NO_TABLE, _NO_SCHEMA, _NO_OBJECT, _NO_FUNCTION = "42P01", "3F000", "42704", "42883"
_NO_COLUMN, _NO_KEY = "42703", "42830"
_MISSING = frozenset({_NO_TABLE, _NO_SCHEMA, _NO_OBJECT, _NO_FUNCTION, _NO_COLUMN, _NO_KEY})
# Cancelled, out of memory or disk, too complex: nothing that the statement says is wrong.
_NOT_ITS_FAULT = ("57", "53", "54", "58", "XX")
# Rows that are not what a constraint, a type or a RAISE wants.
_OF_ROWS = ("22", "23", "P0")
_MOST_TRIES = 25


@dataclass(frozen=True, slots=True)
class Script:
    """What is run of one file, one way.

    Attributes:
        file: its path, as findings name it.
        text: its SQL, on the lines that it has in the file.
        raw: the whole file, which may say that it wants no transaction.
    """

    file: str
    text: str
    raw: str


@dataclass(slots=True)
class Refusal:
    """A statement that was refused, and what follows from it.

    Attributes:
        is_unknown: the refusal is not the migrations' own fault, or nobody can say.
        followed_by: how many later statements could not be judged for it.
        missing: the table that it wants; None if it wants none, or another thing.
    """

    file: str
    line: int
    says: str
    is_unknown: bool
    followed_by: int = 0
    missing: str | None = None


@dataclass
class Replay:
    """One tree, on one empty database.

    Attributes:
        refusals: what was refused, in order; what follows from another is counted there.
        search_path: the statement that sets it, as the tool's role has it.
        is_over: the session was ended, and nothing more can be run.
    """

    database: Database
    layout: Layout
    refusals: list[Refusal] = field(default_factory=list)
    search_path: str = 'set search_path to "$user", public'
    is_over: bool = False

    def __post_init__(self) -> None:
        # By name, as Postgres writes it in a message, what first made it doubtful.
        self._doubtful: dict[str, Refusal] = {}
        self._columns: list[tuple[str, set[str], Refusal]] = []
        self._rows_doubtful: Refusal | None = None
        self._provided: Refusal | None = None
        self._anything: Refusal | None = None
        self._stood_in: set[str] = set()

    def provide(self, statements: Sequence[str]) -> None:
        """Makes what something else provides; what cannot be made stays missing."""
        for statement in statements:
            try:
                self.database.execute(statement)
            except psycopg2.Error as cause:
                self._refuse("", 0, _words(cause), is_unknown=True)

    def stand_in(self, schema: str, table: str, *, is_of_a_base: bool) -> None:
        """Makes a table that is somebody else's, unless it is there: what is in it is unknown.

        Args:
            is_of_a_base: who makes it may make functions and types too, which nobody named.
        """
        made = f"{_identifier(schema)}.{_identifier(table)}"
        rows = self.database.fetch("select to_regclass(%s) is null", (made,))
        if rows[0][0]:
            self.provide([f"create schema if not exists {_identifier(schema)}"])
            self.provide([f"create table {made} ()"])
            says = f"{schema}.{table} is provided, and its columns are not known"
            refusal = self._refuse("", 0, says, is_unknown=True)
            self._doubt([f"{schema}.{table}"], refusal)
            if is_of_a_base:
                self._provided = refusal

    def do_not_know(self, file: str, line: int, reason: str) -> None:
        """Notes that something is done of which nothing is known: all may follow from it."""
        self._anything = self._anything or self._refuse(file, line, reason, is_unknown=True)

    def run(self, scripts: Sequence[Script], *, where: str = "") -> None:
        """Runs files in this order, in their tool's transactions.

        Args:
            where: what is said before the words of PostgreSQL.
        """
        tool = TOOLS[self.layout]
        if tool.transaction == "all":
            self._control("begin")
        for script in scripts:
            if self.is_over:
                return
            if tool.is_session_per_file:
                self._control("reset all")
                self._control(self.search_path)
            self._run_file(script, tool.transaction_of(script.raw), where)
        if tool.transaction == "all" and scripts:
            self._end(scripts[-1].file, 1, "commit", where)

    def _run_file(self, script: Script, wanted: Transaction, where: str) -> None:
        text = without_psql(script.text)
        if _READS_ANOTHER_FILE.search(script.text):
            self.do_not_know(script.file, 1, "psql reads another file here, which is not run")
        pieces = list(self._pieces(script.file, text, where))
        is_one = wanted == "file" or (wanted == "script" and len(pieces) > 1)
        if is_one:
            self._control("begin")
        line = 1
        for piece in pieces:
            if self.is_over:
                return
            line = text.count("\n", 0, piece.start) + 1
            self._run_statement(script.file, line, text[piece], where)
        if is_one:
            self._end(script.file, line, "commit", where)

    def _pieces(self, file: str, text: str, where: str) -> Iterator[slice]:
        try:
            pieces = split(text, method="parser")
        except RefusedSqlError as cause:
            line = text.count("\n", 0, cause.at) + 1
            if is_template(text):
                self.do_not_know(file, line, "a template, which something fills in first")
            else:
                # That is migrations.parse's finding; the statements beside it are judged here.
                says = f"does not parse: {cause.problem}"
                self._anything = self._anything or Refusal(file, line, says, is_unknown=True)
            try:
                pieces = split(text, method="scanner")
            except RefusedSqlError:
                return
        for piece in pieces:
            leading = _LEADING.match(text, piece.start, piece.stop)
            start = leading.end() if leading else piece.start
            if start < piece.stop:
                yield slice(start, piece.stop)

    def _run_statement(self, file: str, line: int, statement: str, where: str) -> None:
        if _CONTROL.match(statement):
            self._end(file, line, statement, where)
            return
        extension = _EXTENSION.match(statement)
        if extension and self._is_stood_in(extension):
            return
        for _ in range(_MOST_TRIES):
            cause = self._try(f"{file}:{line}", statement)
            if cause is None:
                return
            if self.database.stopped:
                self.is_over = True
                says = f"{self.database.stopped}; what comes after it was not run"
                self._refuse(file, line, says, is_unknown=True)
                return
            repaired = self._judge(file, line, statement, cause, where)
            if repaired is None:
                return
            statement = repaired

    def _try(
        self, place: str, statement: str, *, is_control: bool = False
    ) -> psycopg2.Error | None:
        """What Postgres refuses the statement for; a transaction around it goes on."""
        connection = self.database.connection
        is_inside = (
            not is_control and connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
        )
        point = "savepoint counterfoil_statement;" if is_inside else ""
        mark = place.replace("'", "''").replace("\\", "/")
        try:
            self.database.execute(f"{point} set counterfoil.place to '{mark}'")
            if _COPY.match(statement):
                with connection.cursor() as cursor:
                    cursor.copy_expert(statement, io.StringIO(""))
            else:
                # Not a word of it is ours: a percent sign is one.
                self.database.execute(statement)
        except psycopg2.Error as cause:
            if connection.closed:
                self.database.stopped = self.database.stopped or "ended the session"
            elif connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
                self._control(
                    "rollback to savepoint counterfoil_statement" if point else "rollback"
                )
            return cause
        if connection.info.transaction_status == TRANSACTION_STATUS_INTRANS and point:
            self._control("release savepoint counterfoil_statement")
        return None

    def _end(self, file: str, line: int, statement: str, where: str) -> None:
        """Begins or ends a transaction: what was deferred is checked at its end."""
        cause = self._try(f"{file}:{line}", statement, is_control=True)
        if cause is not None:
            self._judge(file, line, statement, cause, where)

    def _control(self, statement: str) -> None:
        try:
            self.database.execute(statement)
        except psycopg2.Error:
            # A transaction of the file's own has ended it: there is nothing to end.
            if self.database.connection.closed:
                self.is_over = True

    def _is_stood_in(self, extension: re.Match[str]) -> bool:
        """Whether an extension that this server lacks has functions of its names instead."""
        name = extension["name"].lower()
        if extension["verb"].lower() != "create":
            return name in self._stood_in
        functions = [] if name in self._stood_in else stand_ins(name)
        if functions:
            self._stood_in.add(name)
        prefix = f"{_identifier(extension['schema'])}." if extension["schema"] else ""
        for function in functions:
            self._try("", function.replace("create function ", f"create function {prefix}", 1))
        return name in self._stood_in

    def _judge(
        self, file: str, line: int, statement: str, cause: psycopg2.Error, where: str
    ) -> str | None:
        """Notes why it was refused, and returns what to run in its place; None for nothing."""
        code, words = cause.pgcode or "XX000", _words(cause)
        line += _lines_into(statement, cause)
        before = self._follows_from(statement, code, words)
        missing = _missing(code, words)
        if code == _NO_OBJECT and words.startswith("role ") and missing:
            # Roles are the cluster's: whoever sets one up makes them.
            role = _identifier(missing)
            return statement if self._try("", f"create role {role}") is None else None
        if before:
            repaired = self._without_keys(statement, missing)
            if repaired is None:
                before.followed_by += 1
                self._doubt(made_by(statement), before)
            return repaired
        is_unknown = code == _NO_RIGHT or code.startswith(_NOT_ITS_FAULT)
        if _EXTENSION.match(statement):
            self.do_not_know(file, line, f"an extension that the server lacks: {words}")
            return None
        says = f"{where}PostgreSQL says: {words}"
        if is_unknown:
            says = f"cannot be judged here: {words}"
        refusal = self._refuse(file, line, says, is_unknown=is_unknown)
        if code == _NO_TABLE and missing:
            refusal.missing = missing
            refusal.says += self._elsewhere(missing)
        if _CHANGES_ROWS.match(statement):
            self._rows_doubtful = self._rows_doubtful or refusal
        if code == _NO_COLUMN:
            self._columns.append((_column(words), {*named_in(statement)}, refusal))
        elif code in _MISSING and code != _NO_KEY and missing:
            self._doubt([missing], refusal)
        if code.startswith("P0") or statement[:2].lower() == "do":
            # What a block would have done beside what it was refused for, nobody knows.
            self._anything = self._anything or refusal
        repaired = self._healed(statement, code, words, missing)
        if repaired is None:
            self._doubt(made_by(statement), refusal)
        return repaired

    def _follows_from(self, statement: str, code: str, words: str) -> Refusal | None:
        tables = named_in(statement)
        for name in (*tables, *map(_plain, _names(words))):
            if name in self._doubtful:
                return self._doubtful[name]
        if code == _NO_COLUMN:
            for column, others, refusal in self._columns:
                if column == _column(words) and others.intersection(tables):
                    return refusal
        if self._anything and (code in _MISSING or code.startswith(_OF_ROWS)):
            return self._anything
        if code.startswith(_OF_ROWS):
            return self._rows_doubtful
        # Who makes tables before the first migration may make their functions and types too.
        return self._provided if code in (_NO_FUNCTION, _NO_OBJECT) else None

    def _healed(self, statement: str, code: str, words: str, missing: str | None) -> str | None:
        """Makes what is missing, if it can be made; what is to be tried then."""
        if missing and code == _NO_SCHEMA:
            made = self._try("", f"create schema {_identifier(missing)}") is None
            return statement if made else None
        if missing and code == _NO_OBJECT and words.startswith("type "):
            made = self._try("", f"create domain {_qualified(missing)} as text") is None
            return statement if made else None
        return self._without_keys(statement, missing)

    def _without_keys(self, statement: str, missing: str | None) -> str | None:
        """A table that is created, without its keys to what is missing or doubtful."""
        names = {*self._doubtful} | ({_plain(missing)} if missing else set())
        return keys_left_out(statement, names)

    def _refuse(self, file: str, line: int, says: str, *, is_unknown: bool) -> Refusal:
        self.refusals.append(Refusal(file, line, says, is_unknown))
        return self.refusals[-1]

    def _doubt(self, names: Sequence[str], refusal: Refusal) -> None:
        for name in names:
            self._doubtful.setdefault(_plain(name), refusal)

    def _elsewhere(self, missing: str) -> str:
        """Where there is, or was, a table of that name."""
        schema, _, name = missing.rpartition(".")
        gone = self.database.fetch(
            "select place from information_schema.counterfoil_done"
            " where not is_made and kind = 'table' and identity = %s"
            " order by id desc limit 1",
            (f"{schema or 'public'}.{name}",),
        )
        if gone:
            return f"; it was dropped at {gone[0][0]}"
        there = self.database.fetch(
            "select namespace.nspname || '.' || relation.relname from pg_class as relation"
            " join pg_namespace as namespace on namespace.oid = relation.relnamespace"
            " where relname = %s and relkind in ('r', 'p', 'v', 'm') order by 1 limit 1",
            (name,),
        )
        return f"; of that name there is {there[0][0]}" if there else ""

    def explain_later(self) -> None:
        """Says of each missing table where, after all, it is made: once all files have run."""
        for refusal in self.refusals:
            if refusal.missing is None:
                continue
            schema, _, name = refusal.missing.rpartition(".")
            made = self.database.fetch(
                "select place from information_schema.counterfoil_done"
                " where is_made and kind = 'table' and identity = %s order by id limit 1",
                (f"{schema or 'public'}.{name}",),
            )
            if made and "; " not in refusal.says:
                refusal.says += f"; it is created only later, at {made[0][0]}"


def _words(cause: psycopg2.Error) -> str:
    return (cause.diag.message_primary or str(cause)).strip()


def _lines_into(statement: str, cause: psycopg2.Error) -> int:
    position = cause.diag.statement_position
    return statement.count("\n", 0, int(position) - 1) if position else 0


def _names(words: str) -> list[str]:
    return [first or second for first, second in _QUOTED.findall(words)]


def _plain(name: str) -> str:
    return name.removeprefix("public.")


def _column(words: str) -> str:
    found = _COLUMN.search(words)
    return found[1] if found else ""


def _missing(code: str, words: str) -> str | None:
    names = _names(words)
    return names[0].removesuffix("[]") if names and code in _MISSING else None


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _qualified(name: str) -> str:
    return ".".join(map(_identifier, name.split(".", 1)))
