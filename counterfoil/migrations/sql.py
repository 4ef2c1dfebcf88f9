"""What the statements of SQL do to tables, types and schemas, statement by statement."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from postgast import pg_query_pb2 as pg

from counterfoil.migrations.collector import ANY_NAME, Collector, like
from counterfoil.migrations.facts import HOLE
from counterfoil.migrations.grammar import (
    RefusedSqlError,
    TooDeepError,
    listed,
    of,
    parse,
    plpgsql,
    split,
)

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
    pg.OBJECT_TABLE: "table",
    pg.OBJECT_FOREIGN_TABLE: "table",
    pg.OBJECT_VIEW: "view",
    pg.OBJECT_MATVIEW: "view",
    pg.OBJECT_TYPE: "type",
    pg.OBJECT_DOMAIN: "type",
}
_NOTHING_DONE = frozenset(
    f"{kind}_stmt"
    for kind in ("transaction", "select", "variable_set", "variable_show", "explain", "check_point")
)
# The head of a statement whose query is too deep for the library: it says what is made.
_MAKES_BY_QUERY = re.compile(r"create\b.*?\bas\b", re.IGNORECASE | re.DOTALL)


def read_sql(collector: Collector, text: str, *, first_line: int = 1) -> None:
    """Notes what the statements of `text` do. Text that does not parse is noted as such.

    Args:
        collector: where it is noted.
        text: any number of statements.
        first_line: the line of the file that the text begins on.
    """
    if not text.strip():
        return
    try:
        statements = parse(text)
    except (RefusedSqlError, TooDeepError):
        _read_in_pieces(collector, without_psql(text), first_line)
        return
    lines = _LineOf(text, first_line)
    for statement in statements:
        _read_statement(collector, statement.kind, statement.node, lines(statement.at))


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


def without_psql(text: str) -> str:
    """The text without psql's own lines and the data of COPY, line for line."""
    if "\\" not in text:
        return text
    text = _COPY_DATA.sub(lambda found: found[1] + "\n" * (found[2].count("\n") + 1), text)
    return _PSQL_LINE.sub("", text)


def _read_in_pieces(collector: Collector, text: str, first_line: int) -> None:
    """One bad statement does not hide the others."""
    try:
        pieces = split(text, method="scanner")
    except RefusedSqlError as cause:
        _note_refused(collector, text, 0, cause, first_line)
        return
    lines = _LineOf(text, first_line)
    after = 0
    for piece in [*pieces, slice(len(text), len(text))]:
        # What begins with no keyword is left out of the pieces, silently.
        between = _COMMENT.sub("", text[after : piece.start]).strip("; \n\t\f\v")
        if between:
            start = text.index(between.split(maxsplit=1)[0], after)
            problem = RefusedSqlError(f'syntax error at or near "{between.split(maxsplit=1)[0]}"')
            _note_refused(collector, text, start, problem, first_line, until=piece.start)
        after = piece.stop
        try:
            statements = parse(text[piece])
        except RefusedSqlError as cause:
            _note_refused(collector, text, piece.start, cause, first_line, until=piece.stop)
            continue
        except TooDeepError:
            _read_deep(collector, text[piece], lines(piece.start))
            continue
        for statement in statements:
            at = lines(piece.start + statement.at)
            _read_statement(collector, statement.kind, statement.node, at)


def _read_deep(collector: Collector, statement: str, line: int) -> None:
    """What a view or table made by a very deep query is called, its head alone says."""
    head = _MAKES_BY_QUERY.match(statement)
    try:
        read = parse(f"{head[0]} select") if head else []
    except (RefusedSqlError, TooDeepError):
        read = []
    for made in read:
        _read_statement(collector, made.kind, made.node, line)
    if not read:
        note_dynamic(collector, statement, line, "a statement nested too deep to be read")


def _note_refused(
    collector: Collector,
    text: str,
    start: int,
    cause: RefusedSqlError,
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
    hint = ", and looks like another database's SQL" if _OTHER_DIALECT.search(statement) else ""
    collector.note_fault(f"{cause.problem}{hint}", line + statement.count("\n", 0, cause.at))
    for pattern in _patterns(_DYNAMIC_CREATE, statement.replace("`", '"'), collector):
        collector.note_unknown("a statement that does not parse", line, creates=pattern)


def _patterns(expression: re.Pattern[str], text: str, collector: Collector) -> list[str]:
    found = []
    for match in expression.finditer(text):
        first, second = (part and part.strip('"') for part in match.groups())
        schema, name = (first, second) if second else (collector.search_path[0], first)
        found.append(f"{like(schema)}.{like(name)}")
    return list(dict.fromkeys(found))


def _read_statement(collector: Collector, kind: str, statement: Any, line: int) -> None:
    reader = _READERS.get(kind)
    if reader is not None:
        reader(collector, statement, line)
    elif kind not in _NOTHING_DONE:
        collector.change()


def _named(relation: Any) -> Name:
    return relation.schemaname or None, relation.relname


def _said(name: Name) -> str:
    return ".".join(part for part in name if part)


def _listed(parts: Any) -> Name:
    names = _words(parts)
    return (names[-2] if len(names) > 1 else None), names[-1]


def _words(parts: Any) -> list[str]:
    return [part.string.sval for part in parts]


def _dotted(node: Any) -> Any:
    """The parts of a dropped or renamed object's name: a list's, or a type's."""
    return node.type_name.names if node.WhichOneof("node") == "type_name" else node.list.items


def _create_table(collector: Collector, statement: Any, line: int) -> None:
    name = _named(statement.relation)
    kind: Kind = "temporary" if statement.relation.relpersistence == "t" else "table"
    elements = list(listed(statement.table_elts))
    for parent in listed(statement.inh_relations):
        verb = "partition" if statement.HasField("partbound") else "inheritance"
        _refer(collector, _named(parent), f"{verb} of {_said(name)}", line)
    for element in elements:
        if isinstance(element, pg.TableLikeClause):
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
        if isinstance(element, pg.ColumnDef):
            yield f"{element.colname} {_type(element.type_name)}"


def _type(type_name: Any) -> str:
    name = ".".join(_words(type_name.names))
    modifiers = [
        str(modifier.ival.ival)
        for modifier in listed(type_name.typmods)
        if isinstance(modifier, pg.A_Const)
    ]
    array = "[]" * len(type_name.array_bounds)
    return name + (f"({','.join(modifiers)})" if modifiers else "") + array


def _foreign_keys(collector: Collector, element: Any, owner: Name, line: int) -> None:
    constraints = [element]
    if isinstance(element, pg.ColumnDef):
        constraints = list(listed(element.constraints))
    for constraint in constraints:
        if isinstance(constraint, pg.Constraint) and constraint.contype == pg.CONSTR_FOREIGN:
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
        pg.OBJECT_TABLE: "ALTER TABLE",
        pg.OBJECT_FOREIGN_TABLE: "ALTER FOREIGN TABLE",
        pg.OBJECT_VIEW: "ALTER VIEW",
        pg.OBJECT_MATVIEW: "ALTER MATERIALIZED VIEW",
    }
    if statement.objtype not in kinds:
        return
    _refer(collector, name, kinds[statement.objtype], line, may_lack=statement.missing_ok)
    for command in listed(statement.cmds):
        definition = of(getattr(command, "def"))
        if isinstance(definition, pg.PartitionCmd):
            _refer(collector, _named(definition.name), f"partition of {_said(name)}", line)
        elif command.subtype == pg.AT_AddInherit:
            _refer(collector, _named(definition), f"inheritance of {_said(name)}", line)
        elif definition is not None:
            collector.guards += statement.missing_ok
            _foreign_keys(collector, definition, name, line)
            collector.guards -= statement.missing_ok


def _create_table_as(collector: Collector, statement: Any, line: int) -> None:
    _create_into(collector, statement.into.rel, statement.objtype, line, statement.if_not_exists)


def _select(collector: Collector, statement: Any, line: int) -> None:
    if statement.HasField("into_clause"):
        relation = statement.into_clause.rel
        _create_into(collector, relation, pg.OBJECT_TABLE, line, False)


def _create_into(collector: Collector, relation: Any, kind: Any, line: int, guarded: bool) -> None:
    what: Kind = "temporary" if relation.relpersistence == "t" else _OBJECT_KINDS.get(kind, "table")
    collector.note("creates", what, _named(relation), line, guarded=guarded)


def _view(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "view", _named(statement.view), line, guarded=statement.replace)


def _drop(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    guarded = statement.missing_ok
    kind = _OBJECT_KINDS.get(statement.remove_type)
    for dropped in statement.objects:
        if statement.remove_type == pg.OBJECT_SCHEMA:
            collector.note("removes", "schema", (None, dropped.string.sval), line)
            continue
        name = _dotted(dropped)
        if kind is not None:
            if kind == "table":
                _refer(collector, _listed(name), "DROP TABLE", line, may_lack=guarded)
            collector.note("removes", kind, _listed(name), line)
        elif statement.remove_type in _ON_A_TABLE and len(name) > 1:
            # Its last part is the policy's or the trigger's own name.
            word = _ON_A_TABLE[statement.remove_type]
            # IF EXISTS speaks of the policy or trigger, and lets a missing table pass too.
            _refer(collector, _listed(name[:-1]), word, line, may_lack=guarded)


_ON_A_TABLE = {
    pg.OBJECT_POLICY: "DROP POLICY",
    pg.OBJECT_TRIGGER: "DROP TRIGGER",
    pg.OBJECT_RULE: "DROP RULE",
}


def _rename(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    guarded = statement.missing_ok
    kind = _OBJECT_KINDS.get(statement.rename_type)
    if statement.rename_type == pg.OBJECT_SCHEMA:
        collector.note("removes", "schema", (None, statement.subname), line)
        collector.note("creates", "schema", (None, statement.newname), line)
        moved = like(statement.newname)
        collector.note_unknown(
            f"schema {statement.subname} is renamed to {statement.newname} with all that is in it",
            line,
            creates=f"{moved}.{ANY_NAME}",
        )
    elif kind == "type":
        name = _listed(_dotted(statement.object))
        _move(collector, kind, name, None, statement.newname, line, guarded)
    elif kind is not None:
        name = _named(statement.relation)
        _refer(collector, name, "RENAME", line, may_lack=guarded)
        _move(collector, kind, name, None, statement.newname, line, guarded)
    elif statement.HasField("relation") and statement.rename_type in (
        pg.OBJECT_COLUMN,
        pg.OBJECT_TABCONSTRAINT,
        pg.OBJECT_POLICY,
        pg.OBJECT_TRIGGER,
    ):
        _refer(collector, _named(statement.relation), "RENAME", line, may_lack=guarded)


def _set_schema(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    kind = _OBJECT_KINDS.get(statement.object_type)
    guarded = statement.missing_ok
    if kind == "type":
        name = _listed(_dotted(statement.object))
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
    collector.note("creates", "type", _listed(statement.type_name), line)


def _create_composite(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "type", _named(statement.typevar), line)


def _create_domain(collector: Collector, statement: Any, line: int) -> None:
    collector.note("creates", "type", _listed(statement.domainname), line)


def _define(collector: Collector, statement: Any, line: int) -> None:
    collector.change()
    if statement.kind == pg.OBJECT_TYPE:
        collector.note("creates", "type", _listed(statement.defnames), line)


def _create_schema(collector: Collector, statement: Any, line: int) -> None:
    name = statement.schemaname
    if not name:
        collector.change()
        return
    collector.note("creates", "schema", (None, name), line, guarded=statement.if_not_exists)
    outside, collector.search_path = collector.search_path, (name, *collector.search_path)
    for element in statement.schema_elts:
        _read_statement(collector, element.WhichOneof("node"), of(element), line)
    collector.search_path = outside


def _search_path(collector: Collector, statement: Any, line: int) -> None:
    if statement.name != "search_path":
        return
    if statement.kind != pg.VAR_SET_VALUE:
        collector.search_path = collector.default_path
        return
    values = [argument.a_const.sval.sval for argument in statement.args]
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
    if statement.objtype == pg.OBJECT_TABLE:
        _refer(collector, _listed(_dotted(statement.object)), "COMMENT ON TABLE", line)
    elif statement.objtype == pg.OBJECT_COLUMN and len(_dotted(statement.object)) > 1:
        _refer(collector, _listed(_dotted(statement.object)[:-1]), "COMMENT ON COLUMN", line)


def _do_block(collector: Collector, statement: Any, line: int) -> None:
    body, language = "", "plpgsql"
    for argument in listed(statement.args):
        if argument.defname == "as":
            body = argument.arg.string.sval
        elif argument.defname == "language":
            language = argument.arg.string.sval
    if language.lower() != "plpgsql":
        collector.note_unknown(
            f"a DO block in {language}", line, creates=ANY_NAME, removes=ANY_NAME
        )
        return
    try:
        functions = plpgsql(body)
    except RefusedSqlError:
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
        statements = parse(query)
    except RefusedSqlError:
        collector.note_unknown("a statement of a DO block that cannot be read", line)
        return
    except TooDeepError:
        _read_deep(collector, query.strip(), line)
        return
    for statement in statements:
        _read_statement(collector, statement.kind, statement.node, line)


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
        statements = parse(f"select {expression}")
    except (RefusedSqlError, TooDeepError):
        return HOLE
    if len(statements) != 1:
        return HOLE
    targets = statements[0].node.target_list
    return _literal_text(targets[0].res_target.val) if len(targets) == 1 else HOLE


def _literal_text(node: Any) -> str:
    found = of(node)
    match node.WhichOneof("node"):
        case "a_const" if found.HasField("sval"):
            return str(found.sval.sval)
        case "a_expr" if _words(found.name) == ["||"]:
            return _literal_text(found.lexpr) + _literal_text(found.rexpr)
        case "type_cast":
            return _literal_text(found.arg)
        case "func_call" if _words(found.funcname)[-1] == "format" and found.args:
            template = _literal_text(found.args[0])
            values = iter([_literal_text(argument) for argument in found.args[1:]])
            return re.sub(r"%(?:\d+\$)?[-\d]*[sIL]", lambda _: next(values, HOLE), template)
    return HOLE


_READERS: dict[str, Callable[..., None]] = {
    "create_stmt": _create_table,
    "create_foreign_table_stmt": lambda collector, statement, line: _create_table(
        collector, statement.base_stmt, line
    ),
    "create_table_as_stmt": _create_table_as,
    "select_stmt": _select,
    "view_stmt": _view,
    "drop_stmt": _drop,
    "rename_stmt": _rename,
    "alter_object_schema_stmt": _set_schema,
    "alter_table_stmt": _alter_table,
    "create_enum_stmt": _create_type,
    "composite_type_stmt": _create_composite,
    "create_domain_stmt": _create_domain,
    "create_range_stmt": _create_type,
    "define_stmt": _define,
    "create_schema_stmt": _create_schema,
    "variable_set_stmt": _search_path,
    "index_stmt": _index,
    "create_trig_stmt": _on_relation("CREATE TRIGGER"),
    "create_policy_stmt": _on_relation("CREATE POLICY", "table"),
    "alter_policy_stmt": _on_relation("ALTER POLICY", "table"),
    "rule_stmt": _on_relation("CREATE RULE"),
    "comment_stmt": _comment,
    "do_stmt": _do_block,
}
