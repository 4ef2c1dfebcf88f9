"""Reading YAML that a user wrote: strictly, and with errors that name file, line and key."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from counterfoil.errors import CounterfoilError

Model = TypeVar("Model", bound=BaseModel)


class _StrictLoader(yaml.CSafeLoader):
    """A safe loader that refuses a key written twice; YAML would keep the last, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key '{key}' is written twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path, error: type[CounterfoilError]) -> Any:
    """The content of a YAML file, as plain Python values.

    Raises:
        error: the file is missing, unreadable, not UTF-8 or not YAML; names the line.
    """
    try:
        # A safe loader, only stricter.
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506
    except FileNotFoundError:
        raise error("no such file", where=str(path), remedy="Check the path") from None
    except (OSError, UnicodeDecodeError) as cause:
        raise error(f"cannot be read: {cause}", where=str(path)) from None
    except yaml.YAMLError as cause:
        mark = getattr(cause, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(cause, "problem", None) or "it cannot be parsed"
        raise error(
            f"not valid YAML: {problem}", where=f"{path}{line}", remedy="Mend the syntax"
        ) from None


def parse_model(
    model: type[Model], content: Any, *, where: str, error: type[CounterfoilError]
) -> Model:
    """`content` as a `model`.

    Raises:
        error: it does not fit; names the key, and what is wrong with its value.
    """
    try:
        return model.model_validate(content)
    except ValidationError as cause:
        raise error(_first_fault(cause), where=where, remedy="Mend that key") from None


def _first_fault(cause: ValidationError) -> str:
    fault = cause.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{key}'"
    if fault["type"] == "missing":
        return f"key '{key}' is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"key '{key}': {message}" if key else message
