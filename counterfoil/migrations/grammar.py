"""PostgreSQL 18's own grammar (libpg_query, by postgast): statements, and where they begin."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pg

from counterfoil.migrations.facts import DemandKind


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
    """One statement: its kind (create_stmt), its node, and the characters it lies between."""

    kind: str
    node: Any
    at: int
    stop: int


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
        Parsed(
            kind,
            getattr(raw.stmt, kind),
            place(raw.stmt_location),
            place(raw.stmt_location + raw.stmt_len) if raw.stmt_len else len(text),
        )
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


def named_in(statement: str) -> list[str]:
    """The relations that a statement names; none if it does not parse."""
    return [
        plain_name(node.schemaname, node.relname)
        for parsed in _parsed(statement)
        for _, node in postgast.walk(parsed.node)
        if isinstance(node, pg.RangeVar)
    ]


def unqualified_names(statement: Parsed) -> list[str]:
    """The relations that a statement names without a schema, each once; no temporary ones."""
    nodes = [node for _, node in postgast.walk(statement.node)]
    queries = {node.ctename for node in nodes if isinstance(node, pg.CommonTableExpr)}
    named = [
        node.relname
        for node in nodes
        if isinstance(node, pg.RangeVar) and not node.schemaname and node.relpersistence != "t"
    ]
    named += [name for name in _dropped(statement) if "." not in name]
    return [name for name in dict.fromkeys(named) if name not in queries]


def _dropped(statement: Parsed) -> Iterator[str]:
    """The tables, views and types that a statement drops."""
    if statement.kind == "drop_stmt":
        for dropped in statement.node.objects:
            match dropped.WhichOneof("node"):
                case "list":
                    yield ".".join(part.string.sval for part in dropped.list.items)
                case "type_name":
                    yield ".".join(part.string.sval for part in dropped.type_name.names)
                case "string":
                    yield dropped.string.sval


def touched_by(statement: str) -> tuple[str, ...]:
    """The names, without their schemas, of what a statement makes, changes or drops."""
    names = {*made_by(statement)}
    for parsed in _parsed(statement):
        names.update(_dropped(parsed))
        changed = getattr(parsed.node, "relation", None)
        names.update(_made(changed) if isinstance(changed, pg.RangeVar) else ())
    return tuple(sorted({name.rpartition(".")[2] for name in names}))


def columns_alone(statement: str, name: str) -> str | None:
    """CREATE TABLE as that of a temporary table of another name, which has its columns, and
    no key, default or constraint; None if it lists no columns."""
    tree = postgast.parse(_plain(statement))
    table = tree.stmts[0].stmt.create_stmt
    columns = [node for node in table.table_elts if node.WhichOneof("node") == "column_def"]
    if not columns:
        return None
    made = pg.CreateStmt(relation=pg.RangeVar(relname=name, relpersistence="t", inh=True))
    for node in columns:
        column = made.table_elts.add().column_def
        column.colname = node.column_def.colname
        column.type_name.CopyFrom(node.column_def.type_name)
    tree.stmts[0].stmt.create_stmt.CopyFrom(made)
    return postgast.deparse(tree)


_NOT_NULL = (pg.CONSTR_NOTNULL, pg.CONSTR_PRIMARY)
_FILLS = (pg.CONSTR_DEFAULT, pg.CONSTR_IDENTITY, pg.CONSTR_GENERATED)


def demands_of(statement: str) -> Iterator[tuple[DemandKind, str, str, tuple[str, ...]]]:
    """What a statement asks of the rows of tables: its kind, schema (empty for none), table and
    columns. Of a unique index over a part of the rows, or over expressions, nothing is said."""
    for parsed in _parsed(statement):
        node = parsed.node
        if parsed.kind == "alter_table_stmt":
            for command in listed(node.cmds):
                for kind, columns in _demands_of_command(command):
                    yield kind, node.relation.schemaname, node.relation.relname, columns
        elif parsed.kind == "index_stmt" and node.unique and not node.HasField("where_clause"):
            columns = tuple(part.name for part in listed(node.index_params))
            if all(columns):
                yield "unique", node.relation.schemaname, node.relation.relname, columns
        elif parsed.kind == "drop_stmt" and node.remove_type == pg.OBJECT_TABLE:
            for name in _dropped(parsed):
                schema, _, table = name.rpartition(".")
                yield "drop table", schema, table, ()


def _demands_of_command(command: Any) -> Iterator[tuple[DemandKind, tuple[str, ...]]]:
    """Of one command of ALTER TABLE."""
    made = of(getattr(command, "def"))
    if command.subtype == pg.AT_SetNotNull:
        yield "not null", (command.name,)
    elif command.subtype == pg.AT_DropColumn:
        yield "drop column", (command.name,)
    elif isinstance(made, pg.ColumnDef) and command.subtype == pg.AT_AddColumn:
        kinds = {constraint.contype for constraint in listed(made.constraints)}
        is_serial = made.type_name.names[-1].string.sval.endswith("serial")
        if kinds.intersection(_NOT_NULL) and not kinds.intersection(_FILLS) and not is_serial:
            yield "new column", (made.colname,)
    elif isinstance(made, pg.Constraint) and not made.skip_validation:
        columns = tuple(key.string.sval for key in made.keys)
        if columns and made.contype in (pg.CONSTR_UNIQUE, pg.CONSTR_PRIMARY):
            yield "unique", columns
        if made.contype in _NOT_NULL:
            for column in columns:
                yield "not null", (column,)


# By statement, which of its fields says what it makes.
_MAKES = {
    "create_stmt": "relation",
    "create_foreign_table_stmt": "base_stmt",
    "view_stmt": "view",
    "create_table_as_stmt": "into",
    "create_seq_stmt": "sequence",
    "composite_type_stmt": "typevar",
    "create_enum_stmt": "type_name",
    "create_range_stmt": "type_name",
    "create_domain_stmt": "domainname",
    "create_function_stmt": "funcname",
    "define_stmt": "defnames",
    "create_schema_stmt": "schemaname",
    "index_stmt": "idxname",
    "rename_stmt": "newname",
    "create_trig_stmt": "trigname",
    "create_policy_stmt": "policy_name",
    "alter_table_stmt": "cmds",
}


def made_by(statement: str) -> list[str]:
    """What a statement would make: relations, types, functions, columns, and the like."""
    return [
        name
        for parsed in _parsed(statement)
        if parsed.kind in _MAKES
        for name in _made(getattr(parsed.node, _MAKES[parsed.kind]))
        if name
    ]


def _made(said: Any) -> Iterator[str]:
    match said:
        case str():
            yield said
        case pg.RangeVar():
            yield plain_name(said.schemaname, said.relname)
        case pg.IntoClause():
            yield from _made(said.rel)
        case pg.CreateStmt():
            yield from _made(said.relation)
        case _ if said and said[0].WhichOneof("node") == "string":
            yield _dotted(said)
        case _:
            for command in listed(said):
                made = of(getattr(command, "def"))
                if isinstance(made, pg.ColumnDef):
                    yield made.colname
                elif isinstance(made, pg.Constraint):
                    yield made.conname


def keys_left_out(statement: str, missing: Collection[str]) -> str | None:
    """CREATE TABLE without its foreign keys to any of these tables or columns.

    Returns: None if it is no such statement, or has no such key.
    """
    try:
        tree = postgast.parse(_plain(statement))
    except (postgast.PgQueryError, DecodeError):
        return None
    if len(tree.stmts) != 1 or tree.stmts[0].stmt.WhichOneof("node") != "create_stmt":
        return None
    elements = tree.stmts[0].stmt.create_stmt.table_elts
    left_out = _leave_out_keys(elements, missing)
    for element in elements:
        if element.WhichOneof("node") == "column_def":
            left_out += _leave_out_keys(element.column_def.constraints, missing)
    return postgast.deparse(tree) if left_out else None


def _leave_out_keys(constraints: Any, missing: Collection[str]) -> int:
    keys = [
        place
        for place, node in enumerate(constraints)
        if node.WhichOneof("node") == "constraint"
        and node.constraint.contype == pg.CONSTR_FOREIGN
        and (
            next(_made(node.constraint.pktable)) in missing
            or any(part.string.sval in missing for part in node.constraint.pk_attrs)
        )
    ]
    for place in reversed(keys):
        del constraints[place]
    return len(keys)


def with_name(statement: str, missing: str, schema: str, name: str) -> str | None:
    """The statement with another relation in the place of one; None if it does not name that."""
    try:
        tree = postgast.parse(_plain(statement))
    except (postgast.PgQueryError, DecodeError):
        return None
    named = [
        node
        for raw in tree.stmts
        for _, node in postgast.walk(raw)
        if isinstance(node, pg.RangeVar)
        and plain_name(node.schemaname, node.relname) == missing.removeprefix("public.")
    ]
    for node in named:
        node.schemaname, node.relname = schema, name
    return postgast.deparse(tree) if named else None


def plain_name(schema: str, name: str) -> str:
    """As names are compared: what is in public has no schema."""
    return f"{schema}.{name}" if schema and schema != "public" else name


def _dotted(parts: Any) -> str:
    names = [part.string.sval for part in parts]
    return plain_name(names[-2] if len(names) > 1 else "", names[-1])


@lru_cache(maxsize=8)
def _parsed(statement: str) -> list[Parsed]:
    try:
        return parse(statement)
    except (RefusedSqlError, TooDeepError):
        return []


def of(node: Any) -> Any:
    """What a node of any kind holds; None for none."""
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else None


def listed(nodes: Any) -> Iterator[Any]:
    """What each of several nodes holds."""
    return map(of, nodes)


def _plain(text: str) -> str:
    """Without half a surrogate pair, which Python's text can hold and no database can."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


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
