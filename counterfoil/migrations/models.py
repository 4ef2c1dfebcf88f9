"""Reading SQLAlchemy models by their syntax trees: the tables that they say there are."""

import ast
from collections.abc import Iterator
from typing import Any

from counterfoil.migrations.alembic import foreign_key_targets
from counterfoil.migrations.constants import UNKNOWN, value_of
from counterfoil.migrations.facts import HOLE, ModelTable


def read_models(tree: str, file: str, text: str) -> tuple[list[ModelTable], list[tuple[int, str]]]:
    """The tables that a module's models declare or refer to.

    Returns:
        The tables, and of what only a run would show each line and reason. A module that is
        not Python is one such: its application does not start either.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        return [], [(getattr(cause, "lineno", None) or 1, "models that are not valid Python")]
    names = {
        target.id: value_of(node.value, {})
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    tables: list[ModelTable] = []
    unknown: list[tuple[int, str]] = []
    for declared, line, owner, keys in _declarations(module, names):
        if declared is None:
            unknown.append((line, f"{owner} has a table name that only a run would show"))
            continue
        tables.append(ModelTable(tree, file, line, *declared, named_by=f"model {owner}"))
        for schema, name, key_line in keys:
            if HOLE in name or HOLE in (schema or ""):
                unknown.append((key_line, f"{owner} has a key whose target only a run would show"))
            else:
                tables.append(
                    ModelTable(tree, file, key_line, schema, name, f"foreign key of model {owner}")
                )
    return tables, unknown


_Declaration = tuple[tuple[str | None, str] | None, int, str, list[tuple[str | None, str, int]]]


def _declarations(module: ast.Module, names: dict[str, Any]) -> Iterator[_Declaration]:
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            own = dict(_assignments(node))
            if "__tablename__" in own and value_of(own.get("__abstract__"), names) is not True:
                name = value_of(own["__tablename__"], names)
                schema = _schema(value_of(own.get("__table_args__"), names))
                yield _named(schema, name), node.lineno, node.name, _keys(node, names)
        elif isinstance(node, ast.Call) and _is_table(node):
            name = value_of(node.args[0], names)
            given = next((kw.value for kw in node.keywords if kw.arg == "schema"), None)
            schema = value_of(given, names)
            yield _named(schema, name), node.lineno, str(name), _keys(node, names)


def _assignments(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _schema(table_args: Any) -> Any:
    """__table_args__ is a dict, or a tuple whose last item is one."""
    last = table_args[-1] if isinstance(table_args, list) and table_args else table_args
    if table_args is UNKNOWN:
        return UNKNOWN
    return last.get("schema") if isinstance(last, dict) else None


def _named(schema: Any, name: Any) -> tuple[str | None, str] | None:
    if not isinstance(name, str) or HOLE in name:
        return None
    if schema is not None and (not isinstance(schema, str) or HOLE in schema):
        return None
    return schema, name


def _is_table(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "Table" and len(call.args) > 1


def _keys(node: ast.AST, names: dict[str, Any]) -> list[tuple[str | None, str, int]]:
    return [
        (schema, name, call.lineno)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        for schema, name in foreign_key_targets(call, names)
    ]
