"""Running one tree on an empty database, statement by statement, in its tool's transactions.

PostgreSQL is the judge: what it refuses is a finding in its own words. So that one miss is one
finding and not fifty, what a refused statement would have made is doubtful from then on, and so
is what it missed; a later statement that names something doubtful, and is refused, follows from
the first. A missing schema, type or role is made, and a table is made without the key to a
missing one, so that what comes after can still be judged.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_INTRANS

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.facts import ANYTHING, Direction, MadeColumn, Refused, Relation
from counterfoil.migrations.grammar import (
    columns_alone,
    keys_left_out,
    made_by,
    named_in,
    touched_by,
    with_name,
)
from counterfoil.migrations.platforms import stand_ins
from counterfoil.migrations.scratch import Database
from counterfoil.migrations.scripts import Piece, Script
from counterfoil.migrations.tools import TOOLS

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
_MAKES_A_TABLE = re.compile(r"create\s+(?:unlogged\s+|foreign\s+)?table\b", re.IGNORECASE)
_UNLESS_THERE = re.compile(r"create\s+(?:unlogged\s+)?table\s+if\s+not\s+exists\b", re.IGNORECASE)
_COLUMN = re.compile(r'column "?(?:\w+\.)*(\w+)"?')
_QUOTED = re.compile(r'"([^"]+)"|\bfunction ([^\s(]+)\(')
_ONE_NAME = re.compile(r'\w+ "(.+)" (?:does not exist|already exists)')

# What Postgres calls it.
_NO_RIGHT = "42501"
_NO_TABLE, _NO_SCHEMA, _NO_OBJECT, _NO_FUNCTION = "42P01", "3F000", "42704", "42883"
_NO_COLUMN, _NO_KEY = "42703", "42830"
_MISSING = frozenset({_NO_TABLE, _NO_SCHEMA, _NO_OBJECT, _NO_FUNCTION, _NO_COLUMN, _NO_KEY})
_ANOTHER = frozenset({_NO_TABLE, _NO_SCHEMA, _NO_OBJECT})
_TABLE_TWICE, _OBJECT_TWICE = "42P07", "42710"
_TWICE = frozenset({_TABLE_TWICE, _OBJECT_TWICE, "42P06", "42701", "42723"})
# On the way back: what should be gone by then is there.
_IN_THE_WAY = _TWICE | {"2BP01"}
# Cancelled, out of memory or disk, too complex: nothing that the statement says is wrong.
_NOT_ITS_FAULT = ("57", "53", "54", "58", "XX")
# What comes with an extension that this server may lack, and somebody else may have made.
_OF_EXTENSIONS = ("access method ", "language ", "operator class ")
# Rows that are not what a constraint, a type or a RAISE wants.
_OF_ROWS = ("22", "23", "P0")
_MOST_TRIES = 25
_WANTED = "counterfoil_wanted"

_RELATIONS = """
    select
        namespace.nspname::text,
        relation.relname::text,
        case when relation.relkind in ('v', 'm') then 'view' else 'table' end,
        (
            select made.place from information_schema.counterfoil_done as made
            where made.is_made and made.object_id = relation.oid
            order by made.id limit 1
        )
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespace.nspname !~ '^pg_'
        and namespace.nspname <> 'information_schema'
        and not exists (
            select from pg_catalog.pg_depend as dependency
            where dependency.classid = 'pg_catalog.pg_class'::regclass
                and dependency.objid = relation.oid
                and dependency.deptype = 'e'
        )
"""
# As models/migrations/migration_live_columns.sql has it of the audited database.
_COLUMNS = """
    select
        namespace.nspname::text,
        relation.relname::text,
        attribute.attname::text,
        case
            when type_schema.nspname = 'pg_catalog' then
                regexp_replace(format_type(type.oid, null), '^character varying$', 'text')
            when type.typtype = 'e'
                then quote_ident(type_schema.nspname) || '.' || quote_ident(type.typname)
        end,
        case
            when relation.relkind in ('r', 'p', 'f')
                then not (attribute.attnotnull or type.typnotnull)
        end,
        (
            select array_agg(enumlabel::text order by enumsortorder)
            from pg_catalog.pg_enum where enumtypid = type.oid
        )
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    join pg_catalog.pg_type as type on type.oid = attribute.atttypid
    join pg_catalog.pg_namespace as type_schema on type_schema.oid = type.typnamespace
    where relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespace.nspname !~ '^pg_'
        and namespace.nspname <> 'information_schema'
        and attribute.attnum > 0
        and not attribute.attisdropped
"""
# What stands under a name, and where a migration made it.
_MADE = """
    select (pg_identify_object('pg_{0}'::regclass, standing.oid, 0)).identity, made.place
    from (select to_reg{0}(%s)::oid) as standing (oid)
    join information_schema.counterfoil_done as made
        on made.object_id = standing.oid and made.is_made and made.place <> ''
    order by made.id limit 1
"""
_ANY_MADE = """
    select from information_schema.counterfoil_done
    where is_made and kind = 'table' and place <> '' limit 1
"""
_LATER = """
    select place from information_schema.counterfoil_done
    where is_made and kind = 'table' and identity = format('%%I.%%I', %s, %s) order by id limit 1
"""
_GONE = """
    select 'it was dropped at ' || place from information_schema.counterfoil_done
    where not is_made and kind = 'table' and identity = format('%%I.%%I', %s, %s) and place <> ''
    order by id desc limit 1
"""
_RENAMED = """
    select 'it is called ' || later.identity || ' since ' || later.place
    from information_schema.counterfoil_done as before
    join information_schema.counterfoil_done as later
        on later.object_id = before.object_id and later.id > before.id
            and later.is_made and later.identity <> before.identity
    where before.is_made and before.kind = 'table'
        and before.identity = format('%%I.%%I', %s, %s)
    order by later.id desc limit 1
"""
# Of that name in another schema, or one whose name are its last words.
_ALIKE = """
    select namespace.nspname::text, relation.relname::text
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('r', 'p', 'v', 'm')
        and (
            relation.relname = %(name)s
            or right(%(name)s, length(relation.relname) + 1) = '_' || relation.relname
        )
    order by relation.relname <> %(name)s, namespace.nspname, relation.relname
"""
_SCHEMAS = """
    select nspname::text from pg_catalog.pg_namespace
    where nspname !~ '^pg_' and nspname <> all(%s)
"""
_NOT_AS_WANTED = """
    select string_agg(wanted.attname, ', ' order by wanted.attnum)
    from pg_catalog.pg_attribute as wanted
    where wanted.attrelid = to_regclass('pg_temp.counterfoil_wanted')
        and wanted.attnum > 0
        and not exists (
            select from pg_catalog.pg_attribute as standing
            where standing.attrelid = to_regclass(%s)
                and standing.attname = wanted.attname
                and standing.atttypid = wanted.atttypid
                and standing.atttypmod = wanted.atttypmod
        )
"""


@dataclass
class Replay:
    """One tree, on one empty database.

    Attributes:
        refusals: what was refused, in order.
        relations: what is there once all is applied forward.
        columns: those of the relations, if `wants_columns`.
        search_path: the statement that sets it, as the tool's role has it.
        are_schemas_unknown: something that is not run makes schemas, nobody knows which.
        is_over: the session was ended, and nothing more can be run.
    """

    database: Database
    tree: str
    folder: str
    layout: Layout
    refusals: list[Refused] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    columns: list[MadeColumn] = field(default_factory=list)
    wants_columns: bool = False
    search_path: str = 'set search_path to "$user", public'
    are_schemas_unknown: bool = False
    is_over: bool = False

    def __post_init__(self) -> None:
        # By name, as Postgres writes it in a message, what first made it doubtful.
        self._doubtful: dict[str, Refused] = {}
        self._columns: list[tuple[str, set[str], Refused]] = []
        self._rows_doubtful: Refused | None = None
        self._is_first_miss = True
        self._base: Refused | None = None
        self._provided: Refused | None = None
        self._anything: Refused | None = None
        self._stood_in: set[str] = set()
        self._assumed: set[int] = set()
        self._direction: Direction = "forward"

    def provide(self, statements: Sequence[str]) -> None:
        """Makes what something else provides; what cannot be made stays missing."""
        for statement in statements:
            try:
                self.database.execute(statement)
            except psycopg2.Error as cause:
                self._assume(_words(cause))

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
            refusal = self._assume(says)
            self._doubt([f"{schema}.{table}"], refusal)
            if is_of_a_base:
                self._provided = refusal

    def provided_schemas(self, own: Sequence[str]) -> list[str]:
        """The schemas that are there now, but for the tree's own and the server's."""
        rows = self.database.fetch(_SCHEMAS, ([*own, "information_schema"],))
        return [schema for (schema,) in rows]

    def go_forward(self, scripts: Sequence[Script]) -> None:
        """Runs files in this order, in their tool's transactions, and looks at what is there."""
        self._run(scripts)
        if self.is_over:
            return
        for refusal in self.refusals:
            if refusal.refused_for == "missing table" and not refusal.explanation:
                schema, _, name = str(refusal.object_name).rpartition(".")
                for (place,) in self.database.fetch(_LATER, (schema or "public", name)):
                    refusal.explanation = f"it is created only later, at {place}"
        self._gather_base()

    def _gather_base(self) -> None:
        """Makes one finding of all tables that no migration makes, where the first of them is
        missed before any is made: something else makes them, and nobody said so."""
        missed = [
            one
            for one in self.refusals
            if one.refused_for == "missing table" and not one.is_unknown and not one.explanation
        ]
        if self._base is None or self._base.explanation or len(missed) < 2:
            return
        names = dict.fromkeys(str(one.object_name) for one in missed[1:])
        names.pop(str(self._base.object_name), None)
        numbers = {one.number for one in missed[1:]}
        for one in self.refusals:
            if one.number in numbers or one.follows in numbers:
                one.follows, one.is_unknown = self._base.number, True
        self._base.explanation = (
            f"no migration makes it, nor {', '.join(names)}: if something else does, say so"
            " (provided_tables or provided_sql in a contract)"
        )

    def go_back(self, scripts: Sequence[Script]) -> None:
        """Runs what takes the files back."""
        self._direction = "rollback"
        self._run(scripts)

    def told(self) -> list[Refused]:
        """The refusals, without what was only assumed where nothing follows from it."""
        roots = {refusal.follows for refusal in self.refusals}
        return [one for one in self.refusals if one.number not in self._assumed - roots]

    def _run(self, scripts: Sequence[Script]) -> None:
        tool = TOOLS[self.layout]
        if tool.transaction == "all":
            self._control("begin")
        for script in scripts:
            if self.is_over:
                break
            if tool.is_session_per_file:
                self._control("reset all")
                self._control(self.search_path)
            self._run_file(script)
        if self._direction == "forward" and not self.is_over:
            self._look_around()
        if tool.transaction == "all" and scripts and not self.is_over:
            self._end(scripts[-1].file, Piece(1, "commit"))

    def _look_around(self) -> None:
        """Notes the tables and views that the migrations made, and those that were there."""
        for schema, name, kind, place in self.database.fetch(_RELATIONS):
            file = place.rpartition(":")[0] if place else None
            self.relations.append(Relation(self.tree, schema, name, kind, file))
        if self.wants_columns:
            # Of a type of the application's own, say, only a run would show what it comes to.
            assumed = {name for name, one in self._doubtful.items() if one.number in self._assumed}
            for schema, name, column, kind, is_nullable, labels in self.database.fetch(_COLUMNS):
                values = labels and tuple(labels)
                if assumed.isdisjoint({name, f"{schema}.{name}"}):
                    self.columns.append(
                        MadeColumn(self.tree, schema, name, column, kind, is_nullable, values)
                    )

    def _run_file(self, script: Script) -> None:
        is_one = script.transaction == "file" or (
            script.transaction == "script" and len(script.pieces) > 1
        )
        if is_one:
            self._control("begin")
        for piece in script.pieces:
            if self.is_over:
                return
            self._run_piece(script.file, piece)
        if is_one and not self.is_over:
            last = script.pieces[-1].line if script.pieces else 1
            self._end(script.file, Piece(last, "commit"))

    def _run_piece(self, file: str, piece: Piece) -> None:
        if piece.is_fault or not piece.sql:
            if piece.is_fault or piece.unknown:
                self._do_not_know(file, piece)
            return
        if _CONTROL.match(piece.sql):
            self._end(file, piece)
            return
        extension = _EXTENSION.match(piece.sql)
        if extension and self._is_stood_in(extension):
            return
        if _UNLESS_THERE.match(piece.sql) and not piece.is_conditional:
            self._note_passed_over(file, piece)
        self._run_statement(file, piece)
        if piece.unknown:
            made = self._refuse(file, piece.line, piece.unknown, is_unknown=True, is_assumed=True)
            self._doubt([*made_by(piece.sql), *named_in(piece.sql)], made)

    def _run_statement(self, file: str, piece: Piece) -> None:
        statement: str | None = piece.sql
        for _ in range(_MOST_TRIES):
            if statement is None:
                return
            cause = self._try(f"{file}:{piece.line}", statement)
            if cause is None:
                return
            if self.database.stopped:
                self.is_over = True
                says = f"{self.database.stopped}; what comes after it was not run"
                self._refuse(file, piece.line, says, is_unknown=True, touches=(ANYTHING,))
                return
            statement = self._judge(file, piece, statement, cause)

    def _do_not_know(
        self, file: str, piece: Piece, *, touches: tuple[str, ...] = (ANYTHING,)
    ) -> None:
        """Notes that something is done of which nothing is known: all may follow from it."""
        refusal = self._refuse(
            file,
            piece.line,
            piece.unknown or "it does not parse, and what it would do is not known",
            is_unknown=not piece.is_fault,
            refused_for="syntax" if piece.is_fault else "other",
            touches=touches,
        )
        self._anything = self._anything or refusal

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

    def _end(self, file: str, piece: Piece) -> None:
        """Begins or ends a transaction: what was deferred is checked at its end."""
        cause = self._try(f"{file}:{piece.line}", piece.sql, is_control=True)
        if cause is not None:
            self._judge(file, piece, piece.sql, cause)

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

    def _note_passed_over(self, file: str, piece: Piece) -> None:
        """Notes what IF NOT EXISTS will pass over, if a migration has made it before."""
        name = next(iter(made_by(piece.sql)), "")
        made = self._made("table", name) if name and _plain(name) not in self._doubtful else None
        if made is None:
            return
        identity, place = made
        wanted = columns_alone(piece.sql, _WANTED)
        lacking = None
        if wanted and self._try("", wanted) is None:
            ((lacking,),) = self.database.fetch(_NOT_AS_WANTED, (identity,))
            self._try("", f"drop table pg_temp.{_WANTED}")
        how = "with the same columns"
        if lacking:
            how = f"with other columns ({lacking}), which IF NOT EXISTS passes over"
        refusal = self._refuse(
            file,
            piece.line,
            f"creates {identity} once more, {how}",
            is_unknown=False,
            refused_for="doubled table",
            object_name=identity,
            explanation=f"it is there since {place}",
            severity="critical" if lacking else "warning",
        )
        if lacking:
            self._doubt([name], refusal)

    def _judge(self, file: str, piece: Piece, statement: str, cause: psycopg2.Error) -> str | None:
        """Notes why it was refused, and returns what to run in its place; None for nothing."""
        code, words = cause.pgcode or "XX000", _words(cause)
        line = piece.line + _lines_into(statement, cause)
        before = self._follows_from(statement, code, words)
        missing = _missing(code, words)
        if code == _NO_OBJECT and words.startswith("role ") and missing:
            # Roles are the cluster's: whoever sets one up makes them.
            role = _identifier(missing)
            return statement if self._try("", f"create role {role}") is None else None
        # What is there already is there, whoever made it.
        touches = () if code in _TWICE else touched_by(statement)
        if before:
            return self._follow(file, line, statement, cause, before)
        if piece.is_conditional:
            drops = code in _MISSING and statement[:4].lower() == "drop"
            if code not in _TWICE and not drops:
                says = f"only a run would show, for a condition guards it: {words}"
                refusal = self._refuse(file, line, says, is_unknown=True, touches=touches)
                self._doubt([*made_by(statement), *([missing] if missing else [])], refusal)
            return None
        if _EXTENSION.match(statement):
            says = f"an extension that the server lacks: {words}"
            self._do_not_know(file, Piece(line, unknown=says), touches=())
            return None
        if code == _NO_SCHEMA and missing:
            return self._without_schema(file, piece, statement, missing, words)
        is_unknown = (
            code == _NO_RIGHT
            or code.startswith(_NOT_ITS_FAULT)
            or (code == _NO_OBJECT and words.startswith(_OF_EXTENSIONS))
        )
        says = f"{'on the way back ' * (self._direction == 'rollback')}PostgreSQL says: {words}"
        refusal = self._refuse(
            file,
            line,
            f"cannot be judged here: {words}" if is_unknown else says,
            is_unknown=is_unknown,
            touches=(ANYTHING,) if _CONTROL.match(statement) else touches,
        )
        self._explain(refusal, statement, code, words, missing)
        if _CHANGES_ROWS.match(statement):
            self._rows_doubtful = self._rows_doubtful or refusal
        if code == _NO_COLUMN:
            self._columns.append((_column(words), {*named_in(statement)}, refusal))
        elif code in _MISSING and code != _NO_KEY and missing:
            self._doubt([missing], refusal)
        if code.startswith("P0") or statement[:2].lower() == "do":
            # What a block would have done beside what it was refused for, nobody knows.
            self._anything = self._anything or refusal
            refusal.touches = (ANYTHING,)
        repaired = self._healed(statement, code, words, missing)
        if repaired is None:
            self._doubt(made_by(statement), refusal)
        return repaired

    def _follow(
        self, file: str, line: int, statement: str, cause: psycopg2.Error, before: Refused
    ) -> str | None:
        """Notes a statement that is refused for another's sake, and returns what can be run."""
        words = _words(cause)
        repaired = self._without_keys(statement, _missing(cause.pgcode or "", words))
        if repaired is None:
            self._doubt(made_by(statement), before)
        if repaired is None or before.number not in self._assumed:
            touches = () if repaired else touched_by(statement)
            root = before.number if before.follows is None else before.follows
            self._refuse(*(file, line, words), is_unknown=True, touches=touches, follows=root)
        return repaired

    def _without_schema(
        self, file: str, piece: Piece, statement: str, schema: str, words: str
    ) -> str | None:
        """Makes a missing schema, unless it is a table in it that is missing: then that is."""
        self._try("", f"create schema {_identifier(schema)}")
        again = self._try(f"{file}:{piece.line}", statement)
        if again is not None and again.pgcode == _NO_TABLE:
            self._try("", f"drop schema {_identifier(schema)}")
            return self._judge(file, piece, statement, again)
        says = f"PostgreSQL says: {words}"
        if self.are_schemas_unknown:
            says = f"{words}, unless env.py makes it, which is not run"
        refusal = self._refuse(
            *(file, piece.line, says),
            is_unknown=self.are_schemas_unknown,
            touches=touched_by(statement),
        )
        self._doubt([f"{schema}."], refusal)
        return None if again is None or again.pgcode == _NO_SCHEMA else statement

    def _explain(
        self, refusal: Refused, statement: str, code: str, words: str, missing: str | None
    ) -> None:
        """Says of a table or type that is missing, or is there already, where it is."""
        if code == _NO_TABLE and missing and words.endswith("does not exist"):
            refusal.refused_for, refusal.object_name = "missing table", missing
            if self._is_first_miss:
                self._is_first_miss = False
                self._base = None if self.database.fetch(_ANY_MADE) else refusal
            self._look_elsewhere(refusal, statement, missing)
            return
        kind = "type" if words.startswith("type ") else "table"
        is_table = code == _TABLE_TWICE and _MAKES_A_TABLE.match(statement)
        if is_table or (code == _OBJECT_TWICE and kind == "type"):
            name = next(iter(made_by(statement)), "")
            made = self._made(kind, name)
            refusal.refused_for = "doubled table" if kind == "table" else "doubled type"
            refusal.object_name = made[0] if made else name
            refusal.explanation = made and f"it is there since {made[1]}"

    def _follows_from(self, statement: str, code: str, words: str) -> Refused | None:
        tables, said = named_in(statement), [*map(_plain, _names(words))]
        for name in (*said, *tables):
            for doubtful in (name, f"{name.rpartition('.')[0]}."):
                root = self._doubtful.get(doubtful)
                # What a table lacks that is only not known in full is no other object.
                is_of_another = name not in said and code in _ANOTHER
                if root and not (is_of_another and root.number in self._assumed):
                    return root
        if code == _NO_COLUMN:
            for column, others, refusal in self._columns:
                if column == _column(words) and others.intersection(tables):
                    return refusal
        is_back = self._direction == "rollback" and code in _IN_THE_WAY
        if self._anything and (code in _MISSING or code.startswith(_OF_ROWS) or is_back):
            return self._anything
        if code.startswith(_OF_ROWS):
            return self._rows_doubtful
        # Who makes tables before the first migration may make their functions and types too.
        return self._provided if code in (_NO_FUNCTION, _NO_OBJECT) else None

    def _healed(self, statement: str, code: str, words: str, missing: str | None) -> str | None:
        """Makes what is missing, if it can be made; what is to be tried then."""
        if missing and code == _NO_OBJECT and words.startswith("type "):
            made = self._try("", f"create domain {_qualified(missing)} as text") is None
            return statement if made else None
        return self._without_keys(statement, missing)

    def _without_keys(self, statement: str, missing: str | None) -> str | None:
        """A table that is created, without its keys to what is missing or doubtful."""
        names = {*self._doubtful} | ({_plain(missing)} if missing else set())
        return keys_left_out(statement, names)

    def _refuse(
        self, file: str, line: int, says: str, *, is_assumed: bool = False, **more: Any
    ) -> Refused:
        """Notes a refusal; one that is assumed is told only where something follows from it."""
        number = len(self.refusals)
        refusal = Refused(self.tree, number, file, line, self._direction, says, **more)
        self.refusals.append(refusal)
        self._assumed |= {number} if is_assumed else set()
        return refusal

    def _assume(self, says: str) -> Refused:
        """Notes what is not known of the ground that the tree stands on."""
        return self._refuse(self.folder, 1, says, is_unknown=True, is_assumed=True)

    def _doubt(self, names: Sequence[str], refusal: Refused) -> None:
        for name in names:
            self._doubtful.setdefault(_plain(name), refusal)

    def _made(self, kind: str, name: str) -> tuple[str, str] | None:
        """The schema.name of a table or type that is there, and where a migration made it."""
        query = _MADE.format("class" if kind == "table" else "type")
        rows = self.database.fetch(query, (_qualified(name),))
        return (rows[0][0], rows[0][1]) if rows else None

    def _look_elsewhere(self, refusal: Refused, statement: str, missing: str) -> None:
        """Says where there is, or was, a table of that name, and which one is meant."""
        schema, _, name = missing.rpartition(".")
        named = (schema or "public", name)
        gone = self.database.fetch(_GONE, named) or self.database.fetch(_RENAMED, named)
        if gone:
            ((refusal.explanation,),) = gone
            return
        alike = self.database.fetch(_ALIKE, {"name": name})
        same = [one for one in alike if one[1] == name]
        fitting = [one for one in same or alike if self._runs_with(statement, missing, *one)]
        if same:
            refusal.explanation = f"of that name there is {' and '.join(map('.'.join, same))}"
            refusal.fix = ".".join(fitting[0]) if len(fitting) == 1 else None
        elif fitting:
            refusal.explanation = f"{'.'.join(fitting[0])} may be meant"

    def _runs_with(self, statement: str, missing: str, schema: str, name: str) -> bool:
        """Whether the statement would run with another table in the place of the missing one."""
        meant = with_name(statement, missing, schema, name)
        if meant is None:
            return False
        is_inside = self.database.connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
        self._control("savepoint counterfoil_trial" if is_inside else "begin")
        cause = self._try("", meant)
        self._control("rollback to savepoint counterfoil_trial" if is_inside else "rollback")
        return cause is None


def _words(cause: psycopg2.Error) -> str:
    return (cause.diag.message_primary or str(cause)).strip()


def _lines_into(statement: str, cause: psycopg2.Error) -> int:
    position = cause.diag.statement_position
    return statement.count("\n", 0, int(position) - 1) if position else 0


def _names(words: str) -> list[str]:
    if only := _ONE_NAME.fullmatch(words):
        return [only[1]]
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
