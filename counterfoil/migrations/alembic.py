"""Reading an Alembic revision by its syntax tree: the SQL that upgrade() and downgrade() send.

Followed are op's directives, SQL given to anything's execute(), the module's own functions
and constants, loops over lists that are written out, and conditions. Alembic itself, and
SQLAlchemy, write the SQL; of the module nothing is imported or run. What only a run would show
is noted as unknown.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from counterfoil.migrations.constants import HOLE, UNKNOWN, Evaluator, Unknown, is_known
from counterfoil.migrations.directives import Directives, library, member, named_type
from counterfoil.migrations.scripts import Piece
from counterfoil.migrations.sql import SqlReading, read_sql

_MOST_DEPTH = 10

# A bind parameter of sqlalchemy.text(), which op.execute() makes of every string.
_BIND = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)")
_ROWS_ALONE = re.compile(
    r"\s*(?:insert|update|delete|select|grant|revoke|comment|analyze|vacuum|refresh|lock|notify)\b",
    re.IGNORECASE,
)
_SENDS = frozenset({"execute", "exec_driver_sql", "scalar", "scalars"})
_CHANGES_ROWS = frozenset({"insert", "update", "delete", "select", "values", "where"})
_KNOWN_MODULES = frozenset({"alembic", "sqlalchemy"}) | sys.stdlib_module_names


@dataclass(frozen=True, slots=True)
class RevisionHead:
    """What a revision says of itself; `revision` is None if it does not say."""

    revision: str | None
    line: int = 1
    parents: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    label: str | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class NotPythonError(Exception):
    """A module that is not valid Python."""

    problem: str
    line: int


class _Handle(Unknown):
    """op, or what it hands out: a connection, a context, a batch."""

    def __init__(self, kind: str, *given: Any) -> None:
        self.kind, self.given = kind, given


_OP, _CONTEXT, _BOUND = _Handle("op"), _Handle("context"), _Handle("connection")
# With a connection, they make or drop what a model says.
_OF_MODELS = frozenset({"create", "create_all", "drop", "drop_all"})


def parse_revision(text: str) -> tuple[ast.Module, RevisionHead]:
    """A revision's syntax tree, and what it says of itself.

    Raises:
        NotPythonError: it is not valid Python.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        line = getattr(cause, "lineno", None) or 1
        problem = getattr(cause, "msg", None) or str(cause) or "nested too deep"
        raise NotPythonError(f"not valid Python: {problem}", line) from None
    constants = Evaluator({})
    lines: dict[str, int] = {}
    for statement in module.body:
        for target, value in _bindings(statement):
            constants.bind(target, constants.value(value))
            lines |= {target.id: statement.lineno} if isinstance(target, ast.Name) else {}
    revision = constants.names.get("revision")
    if not isinstance(revision, str) or HOLE in revision:
        return module, RevisionHead(None)
    parents, are_known = _ids(constants.names.get("down_revision"))
    waits_for, _ = _ids(constants.names.get("depends_on"))
    labels, _ = _ids(constants.names.get("branch_labels"))
    label = labels[0] if labels else None
    head = RevisionHead(revision, lines["revision"], parents, waits_for, label, are_known)
    return module, head


def read_function(
    module: ast.Module, name: str, directives: Directives, *, wants_names: bool = False
) -> SqlReading:
    """The SQL that one of a revision's functions would send, in order.

    Args:
        module: the revision's.
        name: upgrade or downgrade.
        directives: of the whole run: a type that is made with one table is not made again.
        wants_names: whether names without a schema are looked for.
    """
    reader = _Reader(module, directives, wants_names)
    reader.run(name)
    return reader.reading


def does_anything(module: ast.Module, name: str) -> bool:
    """Whether one of a revision's functions calls anything at all."""
    return any(
        isinstance(inner, ast.Call)
        for node in module.body
        if isinstance(node, ast.FunctionDef) and node.name == name
        for inner in ast.walk(node)
    )


def _bindings(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    match statement:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield target, value
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value


def _ids(value: Any) -> tuple[tuple[str, ...], bool]:
    """The revisions that are named, and whether that is all of them."""
    given = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
    known = [item for item in given if isinstance(item, str) and HOLE not in item]
    return tuple(dict.fromkeys(known)), len(known) == len(given)


class _Reader(Evaluator):
    """Walks the functions of one revision."""

    def __init__(self, module: ast.Module, directives: Directives, wants_names: bool) -> None:
        super().__init__(
            {"op": _OP, "sa": library("sqlalchemy"), "postgresql": library(_POSTGRESQL)}
        )
        self.reading = SqlReading()
        self._directives, self._wants_names = directives, wants_names
        self._functions = {
            node.name: node for node in module.body if isinstance(node, ast.FunctionDef)
        }
        self._foreign: set[str] = set()
        self._depth = self._guards = 0
        # Of the expression that is being looked at, something was left out.
        self._is_partial = False
        for node in ast.walk(module):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
        for statement in module.body:
            for target, value in _bindings(statement):
                self.bind(target, self.value(value))

    def run(self, function: str) -> None:
        """Notes what one of the module's functions does."""
        if function in self._functions:
            self._call_function(self._functions[function], [], {})

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Binds what is SQLAlchemy's; notes what is neither that, nor Alembic's, nor Python's."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = library(alias.name)
                if module is not None and (alias.asname or "." not in alias.name):
                    self.names[alias.asname or alias.name] = module
            return
        source = node.module or ""
        for alias in node.names:
            name = alias.asname or alias.name
            if node.level or source.partition(".")[0] not in _KNOWN_MODULES:
                self._foreign.add(name)
            elif source == "alembic" and alias.name in ("op", "context"):
                self.names[name] = _OP if alias.name == "op" else _CONTEXT
            elif (module := library(source)) is not None:
                inner = library(f"{source}.{alias.name}")
                self.names[name] = inner or member(module, alias.name)

    def _call_function(
        self, function: ast.FunctionDef, arguments: list[Any], named: dict[str, Any]
    ) -> Any:
        if self._depth >= _MOST_DEPTH:
            return UNKNOWN
        self._depth += 1
        guards, outside = self._guards, self.names
        self.names = {**outside, **self._bound(function, arguments, named)}
        returned = self._block(function.body)
        self._guards, self.names = guards, outside
        self._depth -= 1
        return returned

    def _bound(
        self, function: ast.FunctionDef, arguments: list[Any], named: dict[str, Any]
    ) -> dict[str, Any]:
        parameters = [argument.arg for argument in function.args.args]
        given = dict.fromkeys(parameters, UNKNOWN)
        defaults = function.args.defaults
        late = parameters[len(parameters) - len(defaults) :]
        given |= {name: self.value(default) for name, default in zip(late, defaults, strict=True)}
        return given | dict(zip(parameters, arguments, strict=False)) | named

    def _block(self, statements: Sequence[ast.stmt]) -> Any:
        """What is returned, if that is certain."""
        for statement in statements:
            if isinstance(statement, ast.Return):
                return self.value(statement.value)
            self._statement(statement)
        return UNKNOWN

    def _statement(self, statement: ast.stmt) -> None:  # noqa: PLR0912
        match statement:
            case ast.Assign() | ast.AnnAssign():
                for target, value in _bindings(statement):
                    self.bind(target, self._asked(value))
            case ast.Expr(value=value):
                self.value(value)
            case ast.If(test=test, body=body, orelse=otherwise):
                self._if(self._asked(test), body, otherwise)
            case ast.For(target=target, iter=items, body=body):
                for _ in self.turns(target, items):
                    self._block(body)
            case ast.While(body=body):
                self._guarded(body)
            case ast.With(items=items, body=body):
                handles = [self._asked(item.context_expr) for item in items]
                for item, handle in zip(items, handles, strict=True):
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, handle)
                outside = any(
                    isinstance(handle, _Handle) and handle.kind == "autocommit"
                    for handle in handles
                )
                self._send("commit" * outside, statement)
                self._block(body)
                self._send("begin" * outside, statement)
            case ast.Try(body=body, handlers=handlers, orelse=otherwise, finalbody=last):
                self._guarded(body)
                for handler in handlers:
                    self._guarded(handler.body)
                self._guarded(otherwise)
                self._block(last)
            case ast.FunctionDef(name=name):
                self._functions.setdefault(name, statement)

    def _asked(self, expression: ast.expr) -> Any:
        """A value that is wanted: what is called for it only looks, as a rule; what changes
        something is called for that alone."""
        self.nesting += 1
        value = self.value(expression)
        self.nesting -= 1
        return value

    def _if(self, test: Any, body: Sequence[ast.stmt], otherwise: Sequence[ast.stmt]) -> None:
        if isinstance(test, bool):
            self._block(body if test else otherwise)
            return
        self._guarded(body)
        self._guarded(otherwise)
        if any(isinstance(inner, ast.Return) for inner in body):
            # What follows is done only if the condition did not hold.
            self._guards += 1

    def _guarded(self, statements: Sequence[ast.stmt]) -> None:
        guards = self._guards
        self._guards += 1
        self._block(statements)
        self._guards = guards

    def attribute(self, of: Any, name: str) -> Any:
        """What SQLAlchemy has of that name; of a connection, which database it is of."""
        if isinstance(of, _Handle):
            if name in ("bind", "connection", "dialect", "engine"):
                return _BOUND
            return "postgresql" if of is _BOUND and name == "name" else UNKNOWN
        return member(of, name)

    def called(
        self, call: ast.Call, of: Any, name: str, arguments: list[Any], named: dict[str, Any]
    ) -> Any:
        """What a call comes to, and what it sends to the database."""
        if name in _SENDS and call.args and isinstance(call.func, ast.Attribute):
            self._execute(call, arguments[0])
            return UNKNOWN
        if isinstance(of, _Handle):
            return self._of_handle(call, of, name, arguments, named)
        if named_type(of) and name in ("create", "drop"):
            guard = named.get("checkfirst", arguments[1] if len(arguments) > 1 else True)
            is_checked = name == "create" and guard is not False
            try:
                self._emit(call, self._directives.of_type(of, name), is_conditional=is_checked)
            except ValueError as cause:
                self._unknown(f"{name}() of a type: {cause}", call)
            return UNKNOWN
        if of is None and name in self._functions:
            return self._call_function(self._functions[name], arguments, named)
        target = self.names.get(name, UNKNOWN) if of is None else self.attribute(of, name)
        if callable(target):
            return self._construct(target, arguments, named)
        given = [*arguments, *named.values()]
        if (name in _OF_MODELS and _BOUND in given) or (
            of is None and name in self._foreign and not self.nesting
        ):
            self._unknown(f"a call of {ast.unparse(call.func)}", call)
        elif any(argument is _OP for argument in given):
            self._unknown(f"op is handed to {ast.unparse(call.func)}", call)
        return super().called(call, of, name, arguments, named)

    def _construct(self, target: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        """Something of SQLAlchemy's; what is not known of it is left out, if it can be."""
        made, is_partial = self._directives.construct(target, arguments, named)
        self._is_partial |= is_partial
        return made

    def _of_handle(
        self, call: ast.Call, of: _Handle, name: str, arguments: list[Any], named: dict[str, Any]
    ) -> Any:
        """A call of op's, of a batch's, or of a connection's."""
        if name in ("get_bind", "get_context", "begin"):
            return _BOUND
        if name == "autocommit_block":
            return _Handle("autocommit")
        if name == "batch_alter_table":
            return _Handle("batch", arguments, named)
        if of.kind not in ("op", "batch") or name in ("f", "inline_literal"):
            return arguments[0] if name == "f" and arguments else UNKNOWN
        self.reading.changes = True
        batch = of.given if of.kind == "batch" else None
        try:
            sql, is_partial, returned = self._directives.send(name, arguments, named, batch)
        except ValueError as cause:
            # Whatever rows are inserted, no table is made.
            if name != "bulk_insert":
                self._unknown(f"op.{name}: {cause}", call)
            return UNKNOWN
        self._is_partial |= is_partial
        self._emit(call, sql)
        return returned

    def _unknown(self, reason: str, call: ast.Call) -> None:
        self.reading.changes = True
        self.reading.pieces.append(Piece(call.lineno, unknown=reason))

    def _emit(self, call: ast.Call, sql: str, *, is_conditional: bool = False) -> None:
        """SQL that Alembic wrote: all of it stands on the line of its call."""
        read = read_sql(sql, wants_names=self._wants_names)
        if read.faults:
            # What was left out was more than it can do without.
            self._is_partial = False
            self._unknown("only a run would show what this call makes", call)
            return
        unknown = "only a run would show all that this call makes" if self._is_partial else None
        self._is_partial = False
        self._add(
            replace(
                read,
                pieces=[replace(piece, line=call.lineno, unknown=unknown) for piece in read.pieces],
                names=[(call.lineno, name) for _, name in read.names],
            ),
            is_conditional=is_conditional,
        )

    def _add(self, read: SqlReading, *, is_conditional: bool = False) -> None:
        guarded = is_conditional or self._guards > 0
        pieces = [replace(piece, is_conditional=guarded) for piece in read.pieces]
        if guarded:
            # It may well be another database's.
            says = "it does not parse, and only a run would show whether it is sent"
            pieces = [
                replace(piece, is_fault=False, unknown=says) if piece.is_fault else piece
                for piece in pieces
            ]
        else:
            self.reading.faults += read.faults
        self.reading.pieces += pieces
        self.reading.names += read.names
        self.reading.changes |= read.changes

    def _send(self, statement: str, node: ast.stmt) -> None:
        if statement:
            self.reading.pieces.append(Piece(node.lineno, statement))

    def _execute(self, call: ast.Call, given: Any) -> None:
        argument = call.args[0]
        while isinstance(argument, ast.Call) and _name_of(argument) in ("text", "DDL"):
            if not argument.args:
                break
            argument = argument.args[0]
            given = self.value(argument)
        text = self._directives.text_of(given)
        if isinstance(text, str):
            written_here = isinstance(argument, ast.Constant | ast.JoinedStr)
            self._read_text(text, argument.lineno if written_here else call.lineno, call)
            return
        inner = {_name_of(node) for node in ast.walk(argument) if isinstance(node, ast.Call)}
        self.reading.changes = True
        if is_known(given):
            self._emit(call, self._directives.execute(given))
        elif not inner & _CHANGES_ROWS:
            # An insert, update, delete or select that SQLAlchemy builds makes no table.
            self._unknown("SQL that only a run would show", call)

    def _read_text(self, text: str, line: int, call: ast.Call) -> None:
        if HOLE not in text:
            text = _BIND.sub("null", text).replace("\\:", ":")
            self._add(read_sql(text, first_line=line, wants_names=self._wants_names))
        elif _ROWS_ALONE.match(text):
            self.reading.changes = True
        else:
            self._unknown("SQL that the migration puts together", call)


_POSTGRESQL = "sqlalchemy.dialects.postgresql"


def _name_of(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def foreign_key_targets(
    call: ast.Call, names: Mapping[str, Any]
) -> Iterator[tuple[str | None, str]]:
    """The tables that a ForeignKey or a ForeignKeyConstraint points at; none for others."""
    at = {"ForeignKey": 0, "ForeignKeyConstraint": 1}.get(_name_of(call))
    if at is None or len(call.args) <= at:
        return
    given = Evaluator(dict(names)).value(call.args[at])
    for target in dict.fromkeys(given if isinstance(given, list) else [given]):
        if is_known(target):
            schema, _, name = str(target).rpartition(".")[0].rpartition(".")
            yield schema or None, name
