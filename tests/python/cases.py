"""The cases of tests/faults/ and tests/migrations/: a file for each check, each case by name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from pydantic import BaseModel

from counterfoil.common.errors import CounterfoilError
from counterfoil.common.yamlfile import parse_model, read_yaml

Fault = TypeVar("Fault", bound=BaseModel)


@dataclass(frozen=True)
class Case(Generic[Fault]):
    """A way to break a check, or one that must not.

    Attributes:
        check_id: the check, after which the file is named.
        name: the key in the file.
        fault: what is broken, and what that must bring.
    """

    check_id: str
    name: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.check_id}.{self.name}"


def read_cases(folder: Path, model: type[Fault]) -> list[Case[Fault]]:
    """Every case of the folder: by check, and then as they stand in its file.

    Raises:
        CounterfoilError: a file is not YAML or has no cases, or a case is not a `model`.
    """
    return [case for file in sorted(folder.glob("*.yml")) for case in _cases_of(file, model)]


def one_test_each(cases: list[Case[Any]]) -> pytest.MarkDecorator:
    """Parametrizes a test by `case`; its id is `<check_id>.<case>`."""
    return pytest.mark.parametrize("case", cases, ids=str)


def _cases_of(file: Path, model: type[Fault]) -> list[Case[Fault]]:
    content = read_yaml(file, CounterfoilError)
    if not isinstance(content, dict) or not content:
        raise CounterfoilError("it has no cases", where=str(file), remedy="Name one")
    return [
        Case(
            file.stem,
            str(name),
            parse_model(model, fault, where=f"{file}, case {name}", error=CounterfoilError),
        )
        for name, fault in content.items()
    ]
