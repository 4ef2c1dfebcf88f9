"""Reading YAML that a user wrote: strictly, and with errors that name file, line and key."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from counterfoil.common.errors import CounterfoilError
from counterfoil.common.files import read_text

Model = TypeVar("Model", bound=BaseModel)

_MERGE = "tag:yaml.org,2002:merge"

# What YAML calls the things that pydantic names after Python's types.
_KINDS = {"tuple_type": "a list", "model_type": "keys and values", "dict_type": "keys and values"}

# What most often goes wrong: SQL, say, whose text has a colon in it or begins with a quote.
_QUOTING = "; text that begins with a quote, or has ': ', a brace or a bracket in it, goes after >-"


class _StrictLoader(yaml.CSafeLoader):
    """A safe loader that refuses a key written twice; YAML would keep the last, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            return super().construct_mapping(node, deep=deep)
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key '{key}' is written twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError, KeyError):
            # PyYAML takes 2025-13-45 for a date by its looks, and lets datetime refuse it.
            kind = node.tag.rsplit(":", 1)[-1]
            raise yaml.constructor.ConstructorError(
                problem=f"this is no {kind}; text goes in quotes", problem_mark=node.start_mark
            ) from None


def read_yaml(path: Path, error: type[CounterfoilError]) -> Any:
    """The content of a YAML file, as plain Python values.

    Raises:
        error: the file is missing, unreadable, not UTF-8 or not YAML; names the line.
    """
    text = read_text(path, error)
    try:
        # A safe loader, only stricter.
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506
    except yaml.reader.ReaderError as cause:
        line = text.encode().count(b"\n", 0, cause.position) + 1
        raise _not_yaml(error, cause.reason, f"{path}:{line}") from None
    except yaml.YAMLError as cause:
        mark = getattr(cause, "problem_mark", None)
        problem = getattr(cause, "problem", None) or "it cannot be parsed"
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        is_syntax = isinstance(cause, (yaml.scanner.ScannerError, yaml.parser.ParserError))
        raise _not_yaml(error, problem, where, _QUOTING if is_syntax else "") from None


def _not_yaml(
    error: type[CounterfoilError], problem: str, where: str, hint: str = ""
) -> CounterfoilError:
    remedy = f"Correct the syntax there{hint}"
    return error(f"not valid YAML: {problem}", where=where, remedy=remedy)


def parse_model(
    model: type[Model], content: Any, *, where: str, error: type[CounterfoilError]
) -> Model:
    """`content` as a `model`.

    Raises:
        error: it does not fit; names the key, and what is wrong with its value.
    """
    if not isinstance(content, dict):
        raise error(_no_mapping(content), where=where, remedy="Write keys and values into it")
    try:
        return model.model_validate(content)
    except ValidationError as cause:
        what, remedy = _first_fault(cause)
        raise error(what, where=where, remedy=remedy) from None


def _no_mapping(content: Any) -> str:
    if content is None:
        return "it is empty"
    return f"it is {'a list' if isinstance(content, list) else 'a single value'}, not keys"


def _first_fault(cause: ValidationError) -> tuple[str, str]:
    """What is wrong, and what to do. A value is never quoted: it may be a secret."""
    fault = cause.errors(include_url=False, include_context=False)[0]
    # Where a key takes either kind of number, pydantic says which kind it tried.
    key = ".".join(str(part) for part in fault["loc"] if part not in ("int", "float"))
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{key}'", "Take it out, or correct its name"
    if fault["type"] == "missing":
        return f"key '{key}' is missing", "Add it"
    if fault["type"] == "string_type" and isinstance(fault["input"], bool | int | float):
        return f"key '{key}' is a number or a yes/no, not text", "Put its value in quotes"
    if fault["type"] in _KINDS:
        return f"key '{key}' is not {_KINDS[fault['type']]}", f"Write {_KINDS[fault['type']]}"
    message = fault["msg"].removeprefix("Value error, ")
    return (f"key '{key}': {message}" if key else message), "Correct that key"
