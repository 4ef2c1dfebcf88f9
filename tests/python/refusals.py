"""What a refusal of bad input has to be, and ways to make the input bad."""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from counterfoil.common.errors import CounterfoilError

GONE = object()


def assert_one_line(said: str) -> None:
    """One printable line, without a traceback, that ends as a sentence does."""
    assert said.isprintable(), repr(said)
    assert "Traceback" not in said
    assert said.endswith(".")
    assert not re.search(r"(?<!\.)\.\.(?!\.)|\. \.", said), said


@contextmanager
def refused(error: type[CounterfoilError], *named: str) -> Iterator[list[CounterfoilError]]:
    """Expects that very error, which names each of `named` and says what to do."""
    caught: list[CounterfoilError] = []
    with pytest.raises(CounterfoilError) as raised:
        yield caught
    said = str(raised.value)
    assert type(raised.value) is error, said
    assert_one_line(said)
    for name in named:
        assert name in said, said
    assert raised.value.remedy, said
    caught.append(raised.value)


def changed(content: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of the content with another value (or GONE) under a dotted key."""
    result = copy.deepcopy(content)
    *parents, last = [int(part) if part.isdigit() else part for part in key.split(".")]
    holder: Any = result
    for part in parents:
        holder = holder[part]
    if value is GONE:
        del holder[last]
    else:
        holder[last] = value
    return result
