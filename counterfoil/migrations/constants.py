"""What Python expressions come to, as far as their text says: nothing is imported or run."""

import ast
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from counterfoil.migrations.facts import HOLE


class _Unknown:
    """A value that only a run would show."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
_MOST_CHARACTERS = 2**20


def value_of(node: ast.expr | None, names: Mapping[str, Any]) -> Any:  # noqa: PLR0911
    """The constant that an expression is: text with a HOLE where a piece is not known, a
    number, None, a list, a dict, or UNKNOWN.

    Args:
        node: the expression; None is None's.
        names: what the names in it are bound to, if that is known.
    """
    match node:
        case None:
            return None
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [value_of(item, names) for item in items]
        case ast.Dict(keys=keys, values=values):
            return {
                key.value: value_of(value, names)
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant)
            }
        case ast.JoinedStr(values=pieces):
            return "".join(_piece(piece, names) for piece in pieces)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(value_of(left, names), value_of(right, names))
        case ast.BinOp(left=left, op=ast.Mod()) if isinstance(value_of(left, names), str):
            return _filled(value_of(left, names), "%")
        case ast.Subscript(value=of, slice=index):
            return _item(value_of(of, names), value_of(index, names))
        case ast.Call(func=ast.Attribute(value=of, attr=method)):
            return _method(value_of(of, names), method, node, names)
        case ast.Call(func=ast.Name(id="dedent"), args=[text]):
            return value_of(text, names)
        case _:
            return UNKNOWN


def text_of(value: Any) -> str:
    """A value as the text that it would be in a string: a HOLE if that is not known."""
    return value if isinstance(value, str) else HOLE if value is UNKNOWN else str(value)


def _piece(piece: ast.expr, names: Mapping[str, Any]) -> str:
    if isinstance(piece, ast.FormattedValue):
        value = value_of(piece.value, names)
        plain = piece.format_spec is None and piece.conversion == -1
        return text_of(value) if plain and isinstance(value, str | int) else HOLE
    return text_of(value_of(piece, names))


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        text = text_of(left) + text_of(right)
        return text if len(text) <= _MOST_CHARACTERS else HOLE
    return UNKNOWN


def _item(of: Any, index: Any) -> Any:
    try:
        return of[index] if isinstance(of, list | dict) else UNKNOWN
    except (IndexError, KeyError, TypeError):
        return UNKNOWN


def _method(of: Any, method: str, call: ast.Call, names: Mapping[str, Any]) -> Any:
    if method == "dedent" and call.args:
        text = value_of(call.args[0], names)
        return textwrap.dedent(text) if isinstance(text, str) else text
    if isinstance(of, str) and method in ("strip", "lstrip", "rstrip", "lower", "upper"):
        return getattr(of, method)() if not call.args else of
    if isinstance(of, str) and method == "format":
        return _filled(of, "{}")
    if isinstance(of, str) and method == "join" and call.args:
        items = value_of(call.args[0], names)
        return of.join(map(text_of, items)) if isinstance(items, list) else HOLE
    if isinstance(of, dict) and method in ("items", "keys", "values"):
        return [list(item) if isinstance(item, tuple) else item for item in getattr(of, method)()]
    return UNKNOWN


def _filled(template: str, style: str) -> str:
    """A template with a HOLE wherever something would be filled in."""
    pattern = r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[sdrif]" if style == "%" else r"\{[^{}]*\}"
    return re.sub(pattern, HOLE, template)
