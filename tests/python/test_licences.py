"""The licences of what a user installs: none that does not go with ours, Apache-2.0."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LICENCES = PYPROJECT["tool"]["counterfoil"]["licences"]
EXCEPTIONS: dict[str, dict[str, str]] = LICENCES["exceptions"]
# What other packages ask for, and `make lock` leaves out.
LEFT_OUT = {
    canonicalize_name(Requirement(line).name)
    for line in PYPROJECT["tool"].get("uv", {}).get("override-dependencies", [])
}

# How packages write it that have no SPDX expression, in `License` or in a classifier.
SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def requirements(package: Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    """What it asks for here: on this system and this Python, with these extras."""
    for line in package.requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            yield requirement


def installed() -> dict[str, Distribution]:
    """What comes with `pip install 'counterfoil[server]'`, by name, itself left out."""
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    waiting = [("counterfoil", frozenset({"server"}))]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in found or name in LEFT_OUT:
            continue
        try:
            package = found[name, extras] = distribution(name)
        except PackageNotFoundError:
            pytest.fail(f"{name} is asked for, and not in the lock")
        waiting += [
            (canonicalize_name(requirement.name), frozenset(requirement.extras))
            for requirement in requirements(package, extras)
        ]
    return {name: package for (name, _), package in found.items() if name != "counterfoil"}


def licence(package: Distribution) -> str:
    """The package's own words, as an SPDX expression where they can be taken for one."""
    metadata: Any = package.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    if classifiers:
        return " AND ".join(SPELLINGS.get(line, line) for line in classifiers)
    # Some put the whole text there.
    line = (metadata.get("License") or "").strip().partition("\n")[0]
    return SPELLINGS.get(line, line)


def is_accepted(expression: str) -> bool:
    """Whether an SPDX expression leaves us a choice of licences that are all in the list."""
    accepted: list[str] = LICENCES["accepted"]
    said = re.sub(
        r"[\w.+-]+",
        lambda word: {"AND": "and", "OR": "or"}.get(word[0], str(word[0] in accepted)),
        expression,
    )
    try:
        return bool(eval(said, {}))
    except SyntaxError:
        return False


def test_every_licence_goes_with_ours() -> None:
    packages = installed()
    assert len(packages) > 100
    said = {name: licence(package) for name, package in sorted(packages.items())}
    others = {name: words for name, words in said.items() if not is_accepted(words)}
    assert others == {name: exception["licence"] for name, exception in EXCEPTIONS.items()}


def test_every_exception_has_its_reason() -> None:
    for name, exception in EXCEPTIONS.items():
        assert len(exception["reason"]) > 20, name
        assert not re.match(r"A?GPL", exception["licence"]), f"{name}: no licence to accept"


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [
        ("MIT", True),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("MIT OR GPL-2.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR AGPL-3.0-only)", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_a_choice_of_licences_is_ours_to_make(expression: str, accepted: bool) -> None:
    assert is_accepted(expression) is accepted
