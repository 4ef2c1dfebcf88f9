"""What Python expressions come to, as far as their text says: nothing is imported or run."""

import ast
import operator
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

# Stands in a text for a piece that only the running migration would know.
HOLE = "\x00"


class Unknown:
    """A value that only a run would show, whatever may be known of it besides."""


UNKNOWN = Unknown()
_MOST_CHARACTERS = 2**20
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class Evaluator:
    """Reads expressions; a subclass knows what more of calls and attributes comes to.

    Attributes:
        names: what names are bound to, if that is known.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        # How many calls' arguments surround what is looked at.
        self.nesting = 0

    def value(self, node: ast.expr | None) -> Any:  # noqa: PLR0911, PLR0912
        """The value of an expression: text with a HOLE where a piece is not known, a number,
        None, a list, a dict, or UNKNOWN. Each call in it is looked at once, inner ones first."""
        match node:
            case None:
                return None
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names.get(name, UNKNOWN)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return list(self._items(items))
            case ast.Dict(keys=keys, values=values):
                return {
                    key.value: self.value(value)
                    for key, value in zip(keys, values, strict=True)
                    if isinstance(key, ast.Constant)
                }
            case ast.JoinedStr(values=pieces):
                return "".join(self._piece(piece) for piece in pieces)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _sum(self.value(left), self.value(right))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                template, _ = self.value(left), self.value(right)
                return _filled(template, "%") if isinstance(template, str) else UNKNOWN
            case ast.Subscript(value=of, slice=index):
                return _item(self.value(of), self.value(index))
            case ast.Compare(left=left, ops=[comparison], comparators=[right]):
                return _compared(comparison, self.value(left), self.value(right))
            case (
                ast.ListComp(elt=each, generators=[only])
                | ast.GeneratorExp(elt=each, generators=[only])
            ) if not only.ifs:
                return [self.value(each) for _ in self.turns(only.target, only.iter)]
            case ast.Attribute(value=of, attr=name):
                return self.attribute(self.value(of), name)
            case ast.Call():
                return self.call(node)
            case _:
                for inner in ast.iter_child_nodes(node):
                    if isinstance(inner, ast.expr):
                        self.value(inner)
                return UNKNOWN

    def attribute(self, _of: Any, _name: str) -> Any:
        """The value of an attribute."""
        return UNKNOWN

    def call(self, call: ast.Call) -> Any:
        """The value of a call: its receiver and arguments are looked at first."""
        match call.func:
            case ast.Attribute(value=of, attr=name):
                receiver = self.value(of)
            case ast.Name(id=name):
                receiver = None
            case other:
                receiver, name = self.value(other), ""
        self.nesting += 1
        arguments = list(self._items(call.args))
        named: dict[str, Any] = {}
        for keyword in call.keywords:
            value = self.value(keyword.value)
            if keyword.arg:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named |= value
        self.nesting -= 1
        return self.called(call, receiver, name, arguments, named)

    def called(
        self, _call: ast.Call, of: Any, name: str, arguments: list[Any], _named: dict[str, Any]
    ) -> Any:
        """What a call comes to: here the methods of text and of dicts, and dedent()."""
        if name == "dedent" and arguments:
            return textwrap.dedent(arguments[0]) if isinstance(arguments[0], str) else UNKNOWN
        if isinstance(of, str) and name in ("strip", "lstrip", "rstrip", "lower", "upper"):
            return getattr(of, name)() if not arguments else of
        if isinstance(of, str) and name == "format":
            return _filled(of, "{}")
        if isinstance(of, str) and name == "join" and arguments:
            items = arguments[0]
            return of.join(map(text_of, items)) if isinstance(items, list) else HOLE
        if isinstance(of, dict) and name in ("items", "keys", "values"):
            return [list(item) if isinstance(item, tuple) else item for item in getattr(of, name)()]
        return UNKNOWN

    def turns(self, target: ast.expr, items: ast.expr) -> Iterator[None]:
        """Binds the target of a loop to each item, or once to UNKNOWN."""
        values = self.value(items)
        values = list(values) if isinstance(values, dict) else values
        for value in values if isinstance(values, list) else [UNKNOWN]:
            self.bind(target, value)
            yield

    def bind(self, target: ast.expr, value: Any) -> None:
        """What an assignment does."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value if isinstance(value, list) and len(value) == len(target.elts) else None
            for position, inner in enumerate(target.elts):
                self.bind(inner, parts[position] if parts else UNKNOWN)

    def _items(self, nodes: list[ast.expr]) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                several = self.value(node.value)
                yield from several if isinstance(several, list) else [UNKNOWN]
            else:
                yield self.value(node)

    def _piece(self, piece: ast.expr) -> str:
        if isinstance(piece, ast.FormattedValue):
            value = self.value(piece.value)
            plain = piece.format_spec is None and piece.conversion == -1
            return text_of(value) if plain and isinstance(value, str | int) else HOLE
        return text_of(self.value(piece))


def text_of(value: Any) -> str:
    """A value as the text that it would be in a string: a HOLE if that is not known."""
    return value if isinstance(value, str) else HOLE if isinstance(value, Unknown) else str(value)


def is_known(value: Any) -> bool:
    """Whether a value has no part that only a run would show."""
    if isinstance(value, list | dict):
        return all(map(is_known, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, Unknown) and not (isinstance(value, str) and HOLE in value)


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


def _compared(comparison: ast.cmpop, left: Any, right: Any) -> Any:
    plain = (str, int, list, type(None))
    compare = _COMPARISONS.get(type(comparison))
    if compare and all(isinstance(side, plain) and is_known(side) for side in (left, right)):
        try:
            return bool(compare(left, right))
        except TypeError:
            return UNKNOWN
    return UNKNOWN


def _filled(template: str, style: str) -> str:
    """A template with a HOLE wherever something would be filled in."""
    pattern = r"%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[sdrif]" if style == "%" else r"\{[^{}]*\}"
    return re.sub(pattern, HOLE, template)
