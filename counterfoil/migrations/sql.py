"""Reading SQL with PostgreSQL's own grammar (pglast), statement by statement."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from pglast import ast, enums, parse_plpgsql, parse_sql, split
from pglast.parser import ParseError

from counterfoil.migrations.collector import ANY_NAME, Collector, like
from counterfoil.migrations.facts import HOLE

Name = tuple[str | None, str]
Kind = Literal["table", "view", "temporary", "type", "schema"]

# What a template engine, Flyway or psql puts a value in place of, before Postgres sees it.
_TEMPLATE = re.compile(r"\$\{[^}\n]*\}|\{\{.*?\}\}|\{%.*?%\}|<%.*?%>|:'?\"?[A-Za-z_]\w*", re.DOTALL)
_OTHER_DIALECT = re.compile(
    r"`|\bauto_increment\b|\bengine\s*=|\bautoincrement\b|\bnvarchar\b|^\s*go\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_PSQL_LINE = re.compile(r"^\\[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_COPY_DATA = re.compile(r"(\bfrom\s+stdin\b[^;]*;)\n(.*?)^\\\.$", re.I | re.S | re.M)

# What dynamic SQL does, if its text shows that much: the names may have holes.
_NAME = r"(?:\"[^\"]*\"|[\w\x00$%]+)"
_DYNAMIC_CREATE = re.compile(
    rf"\bcreate\s+(?:unlogged\s+)?(?:table|(?:materialized\s+)?view)\s+(?:if\s+not\s+exists\s+)?"
    rf"({_NAME})(?:\s*\.\s*({_NAME}))?",
    re.IGNORECASE,
)
_DYNAMIC_REMOVE = re.compile(
    rf"\bdrop\s+(?:table|(?:materialized\s+)?view)\s+(?:if\s+exists\s+)?"
    rf"({_NAME})(?:\s*\.\s*({_NAME}))?",
    re.IGNORECASE,
)
_DYNAMIC_RENAME = re.compile(r"\b(?:rename|set\s+schema|create\s+schema)\b", re.IGNORECASE)
_STATIC_VERB = re.compile(
    r"\s*(?:insert|update|delete|select|grant|revoke|comment|analyze|vacuum|refresh|lock|notify"
    r"|create\s+(?:or\s+replace\s+)?(?:unique\s+)?(?:index|policy|trigger|function|extension|role)"
    r"|alter\s+(?:role|policy|function|system|database|default|sequence|publication)"
    r"|drop\s+(?:policy|trigger|function|index|role|owned))\b",
    re.IGNORECASE,
)

_OBJECT_KINDS: dict[Any, Kind] = {
    enums.ObjectType.OBJECT_TABLE: "table",
    enums.ObjectType.OBJECT_FOREIGN_TABLE: "table",
    enums.ObjectType.OBJECT_VIEW: "view",
    enums.ObjectType.OBJECT_MATVIEW: "view",
    enums.ObjectType.OBJECT_TYPE: "type",
    enums.ObjectType.OBJECT_DOMAIN: "type",
}
_NOTHING_DONE = (
    ast.TransactionStmt,
    ast.SelectStmt,
    ast.VariableSetStmt,
    ast.VariableShowStmt,
    ast.ExplainStmt,
    ast.CheckPointStmt,
)


def read_sql(collector: Collector, text: str, *, first_line: int = 1) -> None:
    """Notes what the statements of `text` do. Text that does not parse is noted as such.

    Args:
        collector: where it is noted.
        text: any number of statements.
        first_line: the line of the file that the text begins on.
    """
    if not text.strip():
        return
    # Half a surrogate pair, which Python's text can hold and no database can.
    text = text.encode("utf-8", "replace").decode()
    try:
        statements = parse_sql(text)
    except ParseError:
        _read_in_pieces(collector, _without_psql(text), first_line)
        return
    except RecursionError:
        collector.note_unknown("nested too deep to be read", first_line)
        return
    lines = _LineOf(text, first_line)
    for raw in statements:
        _read_statement(collector, raw.stmt, lines(raw.stmt_location or 0))


def is_template(text: str) -> bool:
    """Whether something would fill the text in before Postgres sees it."""
    return _TEMPLATE.search(re.sub(r"::\s*\w+|(?<!:)'[^']*'", "", text)) is not None


def note_dynamic(collector: Collector, text: str, line: int, reason: str) -> None:
    """Notes SQL that a run puts together: what its known text says that it may do.

    Args:
        text: the SQL, with a HOLE where a piece is not known.
    """
    created = _patterns(_DYNAMIC_CREATE, text, collector)
    removed = _patterns(_DYNAMIC_REMOVE, text, collector)
    if _STATIC_VERB.match(text) and not created and not removed:
        collector.change()
        return
    if not text.strip(HOLE + " \n\t;") or _DYNAMIC_RENAME.search(text):
        created, removed = [ANY_NAME], [ANY_NAME]
    for pattern in created:
        collector.note_unknown(reason, line, creates=pattern)
    for pattern in removed:
        collector.note_unknown(reason, line, removes=pattern)
    if not created and not removed:
        collector.note_unknown(reason, line)


class _LineOf:
    """The line of each statement; asked in rising order, so that the text is read once."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text, self._at, self._line = text, 0, first_line

    def __call__(self, offset: int) -> int:
        if offset < self._at:
            return self._line
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        return self._line


def _without_psql(text: str) -> str:
    """The text without psql's own lines and the data of COPY, line for line."""
    if "\\" not in text:
        return text
    text = _COPY_DATA.sub(lambda found: found[1] + "\n" * (found[2].count("\n") + 1), text)
    return _PSQL_LINE.sub("", text)


def _read_in_pieces(collector: Collector, text: str, first_line: int) -> None:
    """One bad statement does not hide the others."""
    try:
        pieces = split(text, with_parser=False, only_slices=True)
    except ParseError as cause:
        _note_refused(collector, text, 0, cause, first_line)
        return
    lines = _LineOf(text, first_line)
    after = 0
    for piece in [*pieces, slice(len(text), len(text))]:
        # What begins with no keyword is left out of the pieces, silently.
        between = _COMMENT.sub("", text[after : piece.start]).strip("; \n\t\f\v")
        if between:
            start = text.index(between.split(maxsplit=1)[0], after)
            problem = ParseError(f'syntax error at or near "{between.split(maxsplit=1)[0]}"', 0)
            _note_refused(collector, text, start, problem, first_line, until=piece.start)
        after = piece.stop
        try:
            statements = parse_sql(text[piece])
        except ParseError as cause:
            _note_refused(collector, text, piece.start, cause, first_line, until=piece.stop)
            continue
        for raw in statements:
            _read_statement(collector, raw.stmt, lines(piece.start + (raw.stmt_location or 0)))


def _note_refused(
    collector: Collector,
    text: str,
    start: int,
    cause: ParseError,
    first_line: int,
    *,
    until: int | None = None,
) -> None:
    statement = text[start:until]
    line = first_line + text.count("\n", 0, start)
    if is_template(statement):
        filled = _TEMPLATE.sub(HOLE, statement)
        note_dynamic(collector, filled, line, "a template that something fills in first")
        return
    message, *rest = cause.args
    at = rest[0] if rest and isinstance(rest[0], int) else 0
    hint = ", and looks like another database's SQL" if _OTHER_DIALECT.search(statement) else ""
    collector.note_fault(f"{message}{hint}", line + statement.count("\n", 0, max(at, 0)))
    for pattern in _patterns(_DYNAMIC_CREATE, statement.replace("`", '"'), collector):
        collector.note_unknown("a statement that does not parse", line, creates=pattern)


def _patterns(expression: re.Pattern[str], text: str, collector: Collector) -> list[str]:
    found = []
    for match in expression.finditer(text):
        first, second = (part and part.strip('"') for part in match.groups())
        schema, name = (first, second) if second else (collector.search_path[0], first)
        found.append(f"{like(schema)}.{like(name)}")
    return list(dict.fromkeys(found))


def _read_statement(collector: Collector, statement: Any, line: int) -> None:
    reader = _READERS.get(type(statement))
    if reader is not None:
        reader(collector, statement, line)
    elif not isinstance(statement, _NOTHING_DONE):
        collector.change()


def _named(relation: Any) -> Name:
    return relation.schemaname, relation.relname


def _said(name: Name) -> str:
    return ".".join(part for part in name if part)


def _listed(parts: Sequence[Any]) -> Name:
    names = [part.sval for part in parts]
    return (names[-2] if len(names) > 1 else None), names[-1]


def _create_table(collector: Collector, statement: Any, line: int) -> None:
    name = _named(statement.relation)
    kind: Kind = "temporary" if statement.relation.relpersistence == "t" else "table"
    elements = statement.tableElts or ()
    for parent in statement.inhRelations or ():
        verb = "partition" if statement.partbound else "inheritance"
        _refer(collector, _named(parent), f"{verb} of {_said(name)}", line)
    for element in elements:
        if isinstance(element, ast.TableLikeClause):
            _refer(collector, _named(element.relation), f"LIKE of {_said(name)}", line)
    # Its own keys may point at itself: so it is there before they are looked at.
    collector.note(
        "creates",
        kind,
        name,
        line,
        guarded=statement.if_not_exists,
        column_list=", ".join(_columns(elements)),
    )
    for element in elements:
        _foreign_keys(collector, element, name, line)


def _columns(elements: Sequence[Any]) -> Iterator[str]:
    for element in elements:
        if isinstance(element, ast.ColumnDef):
            yield f"{element.colname} {_type(element.typeName)}"


def _type(type_name: Any) -> str:
    if type_name is None:
        return ""
    name = ".".join(part.sval for part in type_name.names or ())
    modifiers = [
        str(getattr(modifier.val, "ival", modifier.val))
        for modifier in type_name.typmods or ()
        if isinstance(modifier, ast.A_Const)
    ]
    array = "[]" * len(type_name.arrayBounds or ())
    return name + (f"({','.join(modifiers)})" if modifiers else "") + array


def _foreign_keys(collector: Collector, element: Any, owner: Name, line: int) -> None:
    constraints = [element]
    if isinstance(element, ast.ColumnDef):
        constraints = [*(element.constraints or ())]
    for constraint in constraints:
        if (
            isinstance(constraint, ast.Constraint)
            and constraint.contype == enums.ConstrType.CONSTR_FOREIGN
        ):
            needed_by = f"foreign key of {_said(owner)}"
            _refer(collector, _named(constraint.pktable), needed_by, line)


def _refer(
    collector: Collector, name: Name, needed_by: str, line: int, *, may_lack: bool = False
) -> None:
    """A table that must be there, unless the statement has its own IF EXISTS."""
    if not may_lack:
        collector.note("refers", "table", name, line, needed_by=needed_by)


def _alter_table(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    name = _named(statement.relation)
    kinds = {
        enums.ObjectType.OBJECT_TABLE: "ALTER TABLE",
        enums.ObjectType.OBJECT_FOREIGN_TABLE: "ALTER FOREIGN TABLE",
        enums.ObjectType.OBJECT_VIEW: "ALTER VIEW",
        enums.ObjectType.OBJECT_MATVIEW: "ALTER MATERIALIZED VIEW",
    }
    if statement.objtype not in kinds:
        return
    _refer(collector, name, kinds[statement.objtype], line, may_lack=statement.missing_ok)
    for command in statement.cmds or ():
        definition = command.def_
        if isinstance(definition, ast.PartitionCmd):
            _refer(collector, _named(definition.name), f"partition of {_said(name)}", line)
        elif command.subtype == enums.AlterTableType.AT_AddInherit:
            _refer(collector, _named(definition), f"inheritance of {_said(name)}", line)
        elif definition is not None:
            collector.guards += statement.missing_ok
            _foreign_keys(collector, definition, name, line)
            collector.guards -= statement.missing_ok


def _create_table_as(collector: Collector, statement: Any, line: int) -> None:
    _create_into(collector, statement.into.rel, statement.objtype, line, statement.if_not_exists)


def _select(collector: Collector, statement: Any, line: int) -> None:
    if statement.intoClause is not None:
        relation = statement.intoClause.rel
        _create_into(collector, relation, enums.ObjectType.OBJECT_TABLE, line, False)


def _create_into(collector: Collector, relation: Any, kind: Any, line: int, guarded: bool) -> None:
    what: Kind = "temporary" if relation.relpersistence == "t" else _OBJECT_KINDS.get(kind, "table")
    collector.note("creates", what, _named(relation), line, guarded=guarded)


def _view(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "view", _named(statement.view), line, guarded=statement.replace)


def _drop(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    guarded = statement.missing_ok
    kind = _OBJECT_KINDS.get(statement.removeType)
    for dropped in statement.objects or ():
        if statement.removeType == enums.ObjectType.OBJECT_SCHEMA:
            collector.note("removes", "schema", (None, dropped.sval), line)
        elif kind == "type":
            collector.note("removes", "type", _listed(getattr(dropped, "names", dropped)), line)
        elif kind is not None:
            if kind == "table":
                _refer(collector, _listed(dropped), "DROP TABLE", line, may_lack=guarded)
            collector.note("removes", kind, _listed(dropped), line)
        elif statement.removeType in _ON_A_TABLE and len(dropped) > 1:
            # Its last part is the policy's or the trigger's own name.
            word = _ON_A_TABLE[statement.removeType]
            # IF EXISTS speaks of the policy or trigger, and lets a missing table pass too.
            _refer(collector, _listed(dropped[:-1]), word, line, may_lack=guarded)


_ON_A_TABLE = {
    enums.ObjectType.OBJECT_POLICY: "DROP POLICY",
    enums.ObjectType.OBJECT_TRIGGER: "DROP TRIGGER",
    enums.ObjectType.OBJECT_RULE: "DROP RULE",
}


def _rename(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    guarded = statement.missing_ok
    kind = _OBJECT_KINDS.get(statement.renameType)
    if statement.renameType == enums.ObjectType.OBJECT_SCHEMA:
        collector.note("removes", "schema", (None, statement.subname), line)
        collector.note("creates", "schema", (None, statement.newname), line)
        moved = like(statement.newname)
        collector.note_unknown(
            f"schema {statement.subname} is renamed to {statement.newname} with all that is in it",
            line,
            creates=f"{moved}.{ANY_NAME}",
        )
    elif kind == "type":
        _move(collector, kind, _listed(statement.object), None, statement.newname, line, guarded)
    elif kind is not None:
        name = _named(statement.relation)
        _refer(collector, name, "RENAME", line, may_lack=guarded)
        _move(collector, kind, name, None, statement.newname, line, guarded)
    elif statement.relation is not None and statement.renameType in (
        enums.ObjectType.OBJECT_COLUMN,
        enums.ObjectType.OBJECT_TABCONSTRAINT,
        enums.ObjectType.OBJECT_POLICY,
        enums.ObjectType.OBJECT_TRIGGER,
    ):
        _refer(collector, _named(statement.relation), "RENAME", line, may_lack=guarded)


def _set_schema(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    kind = _OBJECT_KINDS.get(statement.objectType)
    guarded = statement.missing_ok
    if kind == "type":
        name = _listed(statement.object)
        _move(collector, kind, name, statement.newschema, name[1], line, guarded)
    elif kind is not None:
        name = _named(statement.relation)
        _refer(collector, name, "SET SCHEMA", line, may_lack=guarded)
        _move(collector, kind, name, statement.newschema, name[1], line, guarded)


def _move(  # noqa: PLR0917
    collector: Collector,
    kind: Kind,
    old: Name,
    schema: str | None,
    name: str,
    line: int,
    guarded: bool,
) -> None:
    """A rename, or a move to another schema: the old is gone, and the new is there."""
    collector.note("removes", kind, old, line)
    collector.note("creates", kind, (schema or old[0], name), line, guarded=guarded)


def _create_type(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "type", _listed(statement.typeName), line)


def _create_composite(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "type", _named(statement.typevar), line)


def _create_domain(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "type", _listed(statement.domainname), line)


def _define(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    if statement.kind == enums.ObjectType.OBJECT_TYPE:
        collector.note("creates", "type", _listed(statement.defnames), line)


def _create_schema(collector: Collector, statement: Any, line: int) -> None:
    name = statement.schemaname
    if name is None:
        collector.change()
        return
    collector.note("creates", "schema", (None, name), line, guarded=statement.if_not_exists)
    outside, collector.search_path = collector.search_path, (name, *collector.search_path)
    for element in statement.schemaElts or ():
        _read_statement(collector, element, line)
    collector.search_path = outside


def _search_path(collector: Collector, statement: Any, line: int) -> None:
    if statement.name != "search_path":
        return
    if statement.kind != enums.VariableSetKind.VAR_SET_VALUE:
        collector.search_path = collector.default_path
        return
    values = [getattr(argument.val, "sval", None) for argument in statement.args or ()]
    # SET search_path = 'a, b' sets one schema of that odd name; an empty one finds nothing.
    named = tuple(value for value in values if value and value not in ("pg_catalog", "$user"))
    collector.search_path = named or collector.default_path


def _on_relation(word: str, attribute: str = "relation") -> Callable[..., None]:
    def read(collector: Collector, statement: Any, line: int) -> None:
        collector.change()
        _refer(collector, _named(getattr(statement, attribute)), word, line)

    return read


def _index(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    # Whatever IF NOT EXISTS says of the index: Postgres looks for the table first.
    _refer(collector, _named(statement.relation), "CREATE INDEX", line)


def _comment(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    if statement.objtype == enums.ObjectType.OBJECT_TABLE:
        _refer(collector, _listed(statement.object), "COMMENT ON TABLE", line)
    elif statement.objtype == enums.ObjectType.OBJECT_COLUMN and len(statement.object) > 1:
        _refer(collector, _listed(statement.object[:-1]), "COMMENT ON COLUMN", line)


def _do_block(collector: Collector, statement: Any, line: int) -> None:
    body, language = "", "plpgsql"
    for argument in statement.args or ():
        if argument.defname == "as":
            body = argument.arg.sval
        elif argument.defname == "language":
            language = argument.arg.sval
    if language.lower() != "plpgsql":
        collector.note_unknown(
            f"a DO block in {language}", line, creates=ANY_NAME, removes=ANY_NAME
        )
        return
    tag = "$counterfoil$"
    source = f"do {tag}{body}{tag}"
    try:
        functions = parse_plpgsql(source)
    except (ParseError, json.JSONDecodeError, RecursionError):
        note_dynamic(collector, body, line, "a DO block that cannot be read")
        return
    collector.change()
    for found in _plpgsql_statements(functions, guarded=False):
        kind, query, guarded, offset = found
        at = line + max(offset - 1, 0)
        collector.guards += guarded
        if kind == "static":
            _read_inner(collector, query, at)
        else:
            text = _dynamic_text(query)
            if HOLE in text:
                note_dynamic(collector, text, at, "SQL that a DO block puts together")
            else:
                read_sql(collector, text, first_line=at)
        collector.guards -= guarded


def _read_inner(collector: Collector, query: str, line: int) -> None:
    """A statement of a DO block; its variables make it unreadable at times, and no fault."""
    try:
        statements = parse_sql(query)
    except ParseError:
        collector.note_unknown("a statement of a DO block that cannot be read", line)
        return
    for raw in statements:
        _read_statement(collector, raw.stmt, line)


def _plpgsql_statements(node: Any, *, guarded: bool) -> Iterator[tuple[str, str, bool, int]]:
    """Each (static or dynamic, SQL, whether a condition surrounds it, line in the block)."""
    if isinstance(node, list):
        for item in node:
            yield from _plpgsql_statements(item, guarded=guarded)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key == "PLpgSQL_stmt_execsql":
            yield "static", value["sqlstmt"]["PLpgSQL_expr"]["query"], guarded, _lineno(value)
        elif key in ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"):
            yield "dynamic", value["query"]["PLpgSQL_expr"]["query"], guarded, _lineno(value)
            yield from _plpgsql_statements(value.get("body"), guarded=True)
        else:
            inner = (
                guarded
                or key in _GUARDS
                or (
                    key == "PLpgSQL_stmt_block"
                    and isinstance(value, dict)
                    and "exceptions" in value
                )
            )
            yield from _plpgsql_statements(value, guarded=inner)


_GUARDS = frozenset(
    f"PLpgSQL_stmt_{kind}"
    for kind in ("if", "case", "loop", "while", "fori", "fors", "forc", "foreach_a")
)


def _lineno(value: dict[str, Any]) -> int:
    return int(value.get("lineno", 1))


def _dynamic_text(expression: str) -> str:
    """What EXECUTE would run, with a HOLE for what is not a literal in it."""
    try:
        statements: Sequence[Any] = parse_sql(f"select {expression}")
    except ParseError:
        return HOLE
    if len(statements) != 1:
        return HOLE
    targets: Sequence[Any] = statements[0].stmt.targetList or ()
    return _literal_text(targets[0].val) if len(targets) == 1 else HOLE


def _literal_text(node: Any) -> str:
    kind = type(node)
    if kind is ast.A_Const and hasattr(node.val, "sval"):
        return str(node.val.sval)
    if kind is ast.A_Expr and [part.sval for part in node.name] == ["||"]:
        return _literal_text(node.lexpr) + _literal_text(node.rexpr)
    if kind is ast.TypeCast:
        return _literal_text(node.arg)
    if kind is ast.FuncCall and node.funcname[-1].sval == "format" and node.args:
        template = _literal_text(node.args[0])
        values = iter([_literal_text(argument) for argument in node.args[1:]])
        return re.sub(r"%(?:\d+\$)?[-\d]*[sIL]", lambda _: next(values, HOLE), template)
    return HOLE


_READERS: dict[type, Callable[..., None]] = {
    ast.CreateStmt: _create_table,
    ast.CreateForeignTableStmt: lambda collector, statement, line: _create_table(
        collector, getattr(statement, "base", statement), line
    ),
    ast.CreateTableAsStmt: _create_table_as,
    ast.SelectStmt: _select,
    ast.ViewStmt: _view,
    ast.DropStmt: _drop,
    ast.RenameStmt: _rename,
    ast.AlterObjectSchemaStmt: _set_schema,
    ast.AlterTableStmt: _alter_table,
    ast.CreateEnumStmt: _create_type,
    ast.CompositeTypeStmt: _create_composite,
    ast.CreateDomainStmt: _create_domain,
    ast.CreateRangeStmt: _create_type,
    ast.DefineStmt: _define,
    ast.CreateSchemaStmt: _create_schema,
    ast.VariableSetStmt: _search_path,
    ast.IndexStmt: _index,
    ast.CreateTrigStmt: _on_relation("CREATE TRIGGER"),
    ast.CreatePolicyStmt: _on_relation("CREATE POLICY", "table"),
    ast.AlterPolicyStmt: _on_relation("ALTER POLICY", "table"),
    ast.RuleStmt: _on_relation("CREATE RULE"),
    ast.CommentStmt: _comment,
    ast.DoStmt: _do_block,
}
