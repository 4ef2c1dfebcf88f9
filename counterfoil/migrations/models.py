"""Reading SQLAlchemy models by their syntax trees: the tables that they say there are."""

import ast
from collections.abc import Iterator
from typing import Any

from counterfoil.migrations.alembic import foreign_key_targets
from counterfoil.migrations.constants import Evaluator, is_known
from counterfoil.migrations.facts import ModelTable


def read_models(tree: str, file: str, text: str) -> list[ModelTable]:
    """The tables that a module's models declare or refer to, as far as their names are written
    out. Of a module that is not Python no table is known."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        line = getattr(cause, "lineno", None) or 1
        return [ModelTable(tree, file, line, None, None, "models that are not valid Python")]
    constants = Evaluator({})
    for node in module.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                constants.bind(target, constants.value(node.value))
    return [
        ModelTable(tree, file, line, schema, name, owner)
        for schema, name, line, owner in _tables(module, constants)
    ]


def _tables(module: ast.Module, constants: Evaluator) -> Iterator[tuple[str | None, str, int, str]]:
    """Schema, name, line, and what names it."""
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef):
            own = dict(assignments(node))
            if "__tablename__" not in own or constants.value(own.get("__abstract__")) is True:
                continue
            owner, name = node.name, constants.value(own["__tablename__"])
            schema = schema_of(constants.value(own.get("__table_args__")))
        elif isinstance(node, ast.Call) and _is_table(node):
            name = constants.value(node.args[0])
            owner = str(name)
            given = next((kw.value for kw in node.keywords if kw.arg == "schema"), None)
            schema = constants.value(given)
        else:
            continue
        if isinstance(name, str) and is_known([name, schema]):
            yield schema, name, node.lineno, f"model {owner}"
            for call in ast.walk(node):
                if isinstance(call, ast.Call):
                    for key_schema, table in foreign_key_targets(call, constants.names):
                        yield key_schema, table, call.lineno, f"foreign key of model {owner}"


def assignments(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """What the body of a class assigns, by name."""
    for statement in cls.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def schema_of(table_args: Any) -> Any:
    """The schema that __table_args__ have: they are a dict, or a tuple whose last item is one."""
    last = table_args[-1] if isinstance(table_args, list) and table_args else table_args
    if not isinstance(last, dict):
        return None if is_known(table_args) or isinstance(table_args, list) else last
    return last.get("schema")


def _is_table(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "Table" and len(call.args) > 1
