"""Reading an Alembic revision by its syntax tree: what upgrade() and downgrade() say.

Followed are op's directives, SQL given to anything's execute(), the module's own functions
and constants, loops over lists that are written out, and both sides of a condition. What
else there is only a run would show, and it is noted as unknown.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from counterfoil.migrations.collector import ANY_NAME, Collector
from counterfoil.migrations.constants import UNKNOWN, text_of, value_of
from counterfoil.migrations.facts import HOLE, Action
from counterfoil.migrations.sql import note_dynamic, read_sql

Name = tuple[str | None, str]

_MOST_DEPTH = 10
_MOST_TURNS = 500

# A bind parameter of sqlalchemy.text(), which op.execute() makes of every string.
_BIND = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)")

# The directives that need a table to be there: where its name and its schema are given.
_ON_TABLE = {
    "add_column": (0, "table_name", "schema"),
    "drop_column": (0, "table_name", "schema"),
    "alter_column": (0, "table_name", "schema"),
    "create_index": (1, "table_name", "schema"),
    "create_unique_constraint": (1, "table_name", "schema"),
    "create_check_constraint": (1, "table_name", "schema"),
    "create_primary_key": (1, "table_name", "schema"),
    "create_exclude_constraint": (1, "table_name", "schema"),
    "drop_constraint": (1, "table_name", "schema"),
    "create_table_comment": (0, "table_name", "schema"),
    "drop_table_comment": (0, "table_name", "schema"),
}
_HARMLESS = frozenset({"bulk_insert", "get_bind", "get_context", "f", "drop_index"})
_KNOWN_MODULES = frozenset({"alembic", "sqlalchemy"}) | sys.stdlib_module_names


@dataclass(frozen=True, slots=True)
class RevisionHead:
    """What a revision says of itself; `revision` is None if it does not say, or cannot be
    read, and then it is no revision.
    """

    revision: str | None
    line: int = 1
    parents: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class _Enum:
    """A type that is made by creating a table of it, or by its own create()."""

    name: str
    is_made_with_table: bool


@dataclass
class _Scope:
    """What names mean in a function."""

    names: dict[str, Any]
    batch: dict[str, Name] = field(default_factory=dict)
    sql_depth: int = 0


def read_revision(collector: Collector, text: str) -> RevisionHead:
    """Notes what a revision does, and returns what it says of itself."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        line = getattr(cause, "lineno", None) or 1
        problem = getattr(cause, "msg", None) or str(cause) or "nested too deep"
        collector.note_fault(f"not valid Python: {problem}", line)
        return RevisionHead(None)
    names, lines = _module_names(module)
    head = _head(names, lines)
    if head.revision is None:
        return head
    if not head.is_known:
        collector.note_unknown("a down_revision that only a run would show", head.line)
    reader = _Reader(collector, module, names)
    reader.run("upgrade")
    collector.turn("rollback")
    reader.run("downgrade")
    collector.turn("forward")
    return head


def _module_names(module: ast.Module) -> tuple[dict[str, Any], dict[str, int]]:
    names: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for statement in module.body:
        for target, value in _bindings(statement):
            names[target] = _enum_of(value, names) or value_of(value, names)
            lines[target] = statement.lineno
    return names, lines


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value


def _head(names: Mapping[str, Any], lines: Mapping[str, int]) -> RevisionHead:
    revision = names.get("revision")
    if not isinstance(revision, str) or HOLE in revision:
        return RevisionHead(None)
    parents, are_known = _ids(names.get("down_revision"))
    waits_for, _ = _ids(names.get("depends_on"))
    return RevisionHead(revision, lines["revision"], parents, waits_for, are_known)


def _ids(value: Any) -> tuple[tuple[str, ...], bool]:
    """The revisions that are named, and whether that is all of them."""
    given = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
    known = [item for item in given if isinstance(item, str) and HOLE not in item]
    return tuple(dict.fromkeys(known)), len(known) == len(given)


class _Reader:
    """Walks the functions of one revision."""

    def __init__(self, collector: Collector, module: ast.Module, names: dict[str, Any]) -> None:
        self._collector = collector
        self._names = names
        self._functions = {
            node.name: node for node in module.body if isinstance(node, ast.FunctionDef)
        }
        self._foreign = set(_foreign_names(module))
        self._depth = 0

    def run(self, function: str) -> None:
        """Notes what one of the module's functions does."""
        if function in self._functions:
            self._call_function(self._functions[function], {})

    def _call_function(self, function: ast.FunctionDef, arguments: dict[str, Any]) -> None:
        if self._depth >= _MOST_DEPTH:
            return
        self._depth += 1
        guards = self._collector.guards
        self._block(function.body, _Scope({**self._names, **arguments}))
        self._collector.guards = guards
        self._depth -= 1

    def _block(self, statements: Sequence[ast.stmt], scope: _Scope) -> None:
        for statement in statements:
            self._statement(statement, scope)

    def _statement(self, statement: ast.stmt, scope: _Scope) -> None:  # noqa: PLR0912
        match statement:
            case ast.Assign() | ast.AnnAssign():
                for target, value in _bindings(statement):
                    self._calls_in(value, scope)
                    scope.names[target] = _enum_of(value, scope.names) or value_of(
                        value, scope.names
                    )
            case ast.Expr(value=value):
                self._calls_in(value, scope)
            case ast.If(test=test, body=body, orelse=otherwise):
                self._calls_in(test, scope)
                self._guarded(body, scope)
                self._guarded(otherwise, scope)
                if any(isinstance(inner, ast.Return) for inner in body):
                    # What follows is done only if the condition did not hold.
                    self._collector.guards += 1
            case ast.For(target=target, iter=items, body=body):
                self._loop(target, items, body, scope)
            case ast.While(body=body):
                self._guarded(body, scope)
            case ast.With(items=items, body=body):
                for item in items:
                    self._enter(item, scope)
                self._block(body, scope)
            case ast.Try(body=body, handlers=handlers, orelse=otherwise, finalbody=last):
                self._guarded(body, scope)
                for handler in handlers:
                    self._guarded(handler.body, scope)
                self._guarded(otherwise, scope)
                self._block(last, scope)
            case ast.Return(value=ast.expr() as value):
                self._calls_in(value, scope)
            case ast.FunctionDef(name=name):
                self._functions.setdefault(name, statement)

    def _guarded(self, statements: Sequence[ast.stmt], scope: _Scope) -> None:
        guards = self._collector.guards
        self._collector.guards += 1
        self._block(statements, scope)
        self._collector.guards = guards

    def _loop(
        self, target: ast.expr, items: ast.expr, body: Sequence[ast.stmt], scope: _Scope
    ) -> None:
        self._calls_in(items, scope)
        values = value_of(items, scope.names)
        if isinstance(values, dict):
            values = list(values)
        if not isinstance(values, list) or len(values) > _MOST_TURNS:
            values = [UNKNOWN]
        for value in values:
            _bind(target, value, scope.names)
            self._block(body, scope)

    def _enter(self, item: ast.withitem, scope: _Scope) -> None:
        call = item.context_expr
        if (
            isinstance(call, ast.Call)
            and _method_of(call) == "batch_alter_table"
            and isinstance(item.optional_vars, ast.Name)
        ):
            name = _name_at(call, scope.names, 0, "table_name", "schema")
            self._refer(name, "batch_alter_table", call)
            scope.batch[item.optional_vars.id] = name
        else:
            self._calls_in(call, scope)

    def _calls_in(self, expression: ast.expr, scope: _Scope) -> None:
        """Each call of an expression, the inner ones first."""
        calls = [node for node in ast.walk(expression) if isinstance(node, ast.Call)]
        for call in reversed(calls):
            self._call(call, scope)

    def _call(self, call: ast.Call, scope: _Scope) -> None:
        method = _method_of(call)
        receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
        batch = scope.batch.get(receiver.id) if isinstance(receiver, ast.Name) else None
        is_op = isinstance(receiver, ast.Name) and receiver.id == "op"
        enum = value_of(receiver, scope.names) if receiver is not None else None
        if receiver is not None and not isinstance(enum, _Enum):
            enum = _enum_of(receiver, scope.names)
        if method in ("execute", "exec_driver_sql", "scalar", "scalars") and call.args:
            self._execute(call, scope)
        elif isinstance(enum, _Enum) and method in ("create", "drop"):
            checked = value_of(_argument(call, 1, "checkfirst"), scope.names)
            name = _split(enum.name)
            action: Action = "creates" if method == "create" else "removes"
            self._collector.note(
                action, "type", name, call.lineno, guarded=method == "create" and bool(checked)
            )
        elif batch is not None:
            self._directive(method, call, scope, batch)
        elif is_op:
            self._directive(method, call, scope, None)
        elif isinstance(call.func, ast.Name) and call.func.id in self._functions:
            function = self._functions[call.func.id]
            self._call_function(function, _arguments(function, call, scope.names))
        elif method == "create_all" or (
            isinstance(call.func, ast.Name) and call.func.id in self._foreign
        ):
            self._anything(f"a call of {ast.unparse(call.func)}", call)
        elif any(isinstance(argument, ast.Name) and argument.id == "op" for argument in call.args):
            self._anything(f"op is handed to {ast.unparse(call.func)}", call)

    def _anything(self, reason: str, call: ast.Call) -> None:
        self._collector.note_unknown(reason, call.lineno, creates=ANY_NAME, removes=ANY_NAME)

    def _directive(self, method: str, call: ast.Call, scope: _Scope, batch: Name | None) -> None:
        """An operation of Alembic's; in a batch the table is the batch's."""
        if method in _HARMLESS:
            return
        self._collector.change()
        names, line = scope.names, call.lineno
        if method == "create_table":
            self._create_table(call, scope)
        elif method == "drop_table":
            name = _name_at(call, names, 0, "table_name", "schema")
            if value_of(_argument(call, None, "if_exists"), names) is not True:
                self._refer(name, "drop_table", call)
            self._collector.note("removes", "table", name, line)
        elif method == "rename_table":
            old = _name_at(call, names, 0, "old_table_name", "schema")
            new = _name_at(call, names, 1, "new_table_name", "schema")
            self._refer(old, "rename_table", call)
            self._collector.note("removes", "table", old, line)
            self._collector.note("creates", "table", new, line)
        elif method == "create_foreign_key":
            self._foreign_key(call, names, batch)
        elif batch is None and method in _ON_TABLE:
            name = _name_at(call, names, *_ON_TABLE[method])
            if name[1] != HOLE or method != "drop_constraint":
                self._refer(name, method, call)
            self._keys_in(call, _said(name), scope)
        elif batch is not None:
            self._keys_in(call, _said(batch), scope)

    def _create_table(self, call: ast.Call, scope: _Scope) -> None:
        names = scope.names
        name = _name_at(call, names, 0, "table_name", "schema")
        guarded = value_of(_argument(call, None, "if_not_exists"), names) is True
        for argument in call.args[1:]:
            for enum in _enums_in(argument, names):
                if enum.is_made_with_table:
                    self._collector.note("creates", "type", _split(enum.name), call.lineno)
        self._collector.note(
            "creates",
            "table",
            name,
            call.lineno,
            guarded=guarded,
            column_list=", ".join(_columns(call.args[1:], names)),
        )
        self._keys_in(call, _said(name), scope)

    def _foreign_key(self, call: ast.Call, names: Mapping[str, Any], batch: Name | None) -> None:
        if batch is None:
            source = _name_at(call, names, 1, "source_table", "source_schema")
            self._refer(source, "create_foreign_key", call)
        else:
            source = batch
        at = 2 if batch is None else 1
        referent = _name_at(call, names, at, "referent_table", "referent_schema")
        self._refer(referent, f"foreign key of {_said(source)}", call)

    def _keys_in(self, call: ast.Call, owner: str, scope: _Scope) -> None:
        """The ForeignKey and ForeignKeyConstraint among the arguments of a directive."""
        for node in ast.walk(call):
            if isinstance(node, ast.Call):
                for target in foreign_key_targets(node, scope.names):
                    self._refer(target, f"foreign key of {owner}", node)

    def _refer(self, name: Name, needed_by: str, call: ast.Call) -> None:
        self._collector.note("refers", "table", name, call.lineno, needed_by=needed_by)

    def _execute(self, call: ast.Call, scope: _Scope) -> None:
        argument = call.args[0]
        while (
            isinstance(argument, ast.Call)
            and _method_of(argument) in ("text", "DDL")
            and argument.args
        ):
            argument = argument.args[0]
        value = value_of(argument, scope.names)
        if isinstance(argument, ast.Call) and not isinstance(value, str):
            self._execute_construct(argument, call, scope)
            return
        if not isinstance(value, str):
            self._anything("SQL that only a run would show", call)
            return
        written_here = isinstance(argument, ast.Constant | ast.JoinedStr)
        line = argument.lineno if written_here else call.lineno
        if HOLE in value:
            note_dynamic(self._collector, value, line, "SQL that the migration puts together")
        else:
            read_sql(self._collector, _BIND.sub("null", value), first_line=line)

    def _execute_construct(self, construct: ast.Call, call: ast.Call, scope: _Scope) -> None:
        kind = _method_of(construct)
        if kind in ("CreateSchema", "DropSchema"):
            schema = text_of(value_of(_argument(construct, 0, "name"), scope.names))
            action: Action = "creates" if kind == "CreateSchema" else "removes"
            self._collector.note(action, "schema", (None, schema), call.lineno)
        elif kind in ("CreateTable", "DropTable", "read", "read_text"):
            self._anything("SQL that only a run would show", call)
        else:
            # An insert, update, delete or select built by SQLAlchemy makes no table.
            self._collector.change()


def foreign_key_targets(call: ast.Call, names: Mapping[str, Any]) -> Iterator[Name]:
    """The tables that a ForeignKey or a ForeignKeyConstraint points at; none for others."""
    method = _method_of(call)
    if method == "ForeignKey" and call.args:
        targets = [value_of(call.args[0], names)]
    elif method == "ForeignKeyConstraint" and len(call.args) > 1:
        given = value_of(call.args[1], names)
        targets = given if isinstance(given, list) else [given]
    else:
        return
    tables = dict.fromkeys(text_of(target).rpartition(".")[0] for target in targets)
    for table in tables:
        yield _split(table or HOLE)


def _foreign_names(module: ast.Module) -> Iterator[str]:
    """Functions of modules that are neither Python's, Alembic's nor SQLAlchemy's."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            root = (node.module or "").partition(".")[0]
            if node.level or root not in _KNOWN_MODULES:
                yield from (alias.asname or alias.name for alias in node.names)


def _bind(target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        parts = value if isinstance(value, list) and len(value) == len(target.elts) else None
        for position, inner in enumerate(target.elts):
            _bind(inner, parts[position] if parts else UNKNOWN, names)


def _arguments(
    function: ast.FunctionDef, call: ast.Call, names: Mapping[str, Any]
) -> dict[str, Any]:
    parameters = [argument.arg for argument in function.args.args]
    given = dict.fromkeys(parameters, UNKNOWN)
    defaults = function.args.defaults
    for name, default in zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True):
        given[name] = value_of(default, names)
    for name, argument in zip(parameters, call.args, strict=False):
        given[name] = value_of(argument, names)
    for keyword in call.keywords:
        if keyword.arg:
            given[keyword.arg] = value_of(keyword.value, names)
    return given


def _method_of(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def _argument(call: ast.Call, position: int | None, keyword: str) -> ast.expr | None:
    for given in call.keywords:
        if given.arg == keyword:
            return given.value
    if position is not None and position < len(call.args):
        return call.args[position]
    return None


def _name_at(
    call: ast.Call, names: Mapping[str, Any], position: int, keyword: str, schema_keyword: str
) -> Name:
    schema = value_of(_argument(call, None, schema_keyword), names)
    name = _argument(call, position, keyword)
    return (
        None if schema is None else text_of(schema),
        HOLE if name is None else text_of(value_of(name, names)),
    )


def _split(dotted: str) -> Name:
    schema, _, name = dotted.rpartition(".")
    return schema or None, name


def _said(name: Name) -> str:
    return ".".join(part for part in name if part).replace(HOLE, "?")


def _columns(arguments: Sequence[ast.expr], names: Mapping[str, Any]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, ast.Call) and _method_of(argument) == "Column" and argument.args:
            kind = ast.unparse(argument.args[1]) if len(argument.args) > 1 else ""
            yield f"{text_of(value_of(argument.args[0], names))} {kind}".replace(HOLE, "?")


def _enums_in(expression: ast.expr, names: Mapping[str, Any]) -> Iterator[_Enum]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Name) and isinstance(names.get(node.id), _Enum):
            yield names[node.id]
        elif isinstance(node, ast.Call) and (enum := _enum_of(node, names)):
            yield enum


def _enum_of(node: ast.expr | None, names: Mapping[str, Any]) -> _Enum | None:
    """The type that an Enum(...) or ENUM(...) stands for; None if it is no such call."""
    if not isinstance(node, ast.Call) or _method_of(node) not in ("Enum", "ENUM"):
        return None
    if value_of(_argument(node, None, "native_enum"), names) is False:
        return None
    given = value_of(_argument(node, None, "name"), names)
    if given is None and node.args and isinstance(node.args[0], ast.Name | ast.Attribute):
        # SQLAlchemy names the type after the class, in lower case.
        cls = node.args[0]
        given = (cls.id if isinstance(cls, ast.Name) else cls.attr).lower()
    if not isinstance(given, str):
        return None
    schema = value_of(_argument(node, None, "schema"), names)
    makes = value_of(_argument(node, None, "create_type"), names) is not False
    return _Enum(f"{schema}.{given}" if isinstance(schema, str) else given, makes)
