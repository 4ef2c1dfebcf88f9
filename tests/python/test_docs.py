"""The documentation says what is there: no page is stale, no link and no name is dead."""

import re
import types
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
from conftest import ROOT
from pydantic import BaseModel

from counterfoil.audit.scope import Scope
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.publish.catalogue import catalogue
from counterfoil.publish.json_schemas import audit_schema, contract_schema
from counterfoil.suites.own_checks import OWN_CHECKS
from counterfoil.suites.suite import load_suites

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")])

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
# What the demos' applications are about, and what was once written of them.
OF_AN_APPLICATION = re.compile(
    r"dancer|studio|reservation|competition|booking|EMPWR|London|\breport \d", re.IGNORECASE
)
VARIABLE = re.compile(r"\bCOUNTERFOIL_[A-Z0-9_]*[A-Z0-9]")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_catalogue_is_that_of_the_suites() -> None:
    written = catalogue(load_suites(ROOT / "expectations"), ROOT / "tests" / "faults")
    assert read(DOCS / "checks.md") == written, "stale: run `make catalogue`"


def test_the_schema_is_that_of_the_models() -> None:
    assert read(DOCS / "audit.schema.json") == audit_schema(), "stale: run `make schema`"
    assert read(DOCS / "contract.schema.json") == contract_schema(), "stale: run `make schema`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in relative_links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{target} leads nowhere"
        assert file.is_relative_to(ROOT), f"{target} leaves the repository"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_exists(page: Path) -> None:
    assert set(VARIABLE.findall(read(page))) <= known_variables()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", read(page), re.MULTILINE)) <= targets


def test_every_key_of_the_contract_is_explained_and_no_other() -> None:
    pages = read(DOCS / "contract.md") + read(DOCS / "ledgers.md")
    explained = re.findall(r"^\| `([^`]+)` \|", pages, re.MULTILINE)
    assert sorted(explained) == sorted(set(keys(Contract)))


def test_every_view_is_named_for_those_who_query_it() -> None:
    pages = [read(DOCS / f"{name}.md") for name in ("analyst", "schema", "history")]
    named = set(re.findall(r"`([a-z_*]+)`", "".join(pages)))
    views = {file.stem for file in (ROOT / "models").glob("*/*.sql")}
    staging = {file.stem for file in (ROOT / "models" / "staging").glob("*.sql")}
    unnamed = {view for view in views - staging if not any(fnmatch(view, name) for name in named)}
    assert not unnamed


def test_every_pack_has_a_first_thing_to_do() -> None:
    linked = set(re.findall(r"checks\.md#([a-z]+)", read(DOCS / "oncall.md")))
    packs = {suite.pack for suite in load_suites(ROOT / "expectations")}
    assert not {pack for pack in packs if not any(anchor.startswith(pack) for anchor in linked)}


def test_the_words_of_packs_for_anyone_are_of_no_application() -> None:
    checks = [
        check
        for suite in load_suites(ROOT / "expectations")
        if suite.pack != "ledger"
        for check in suite.checks
    ]
    for check in [*checks, *OWN_CHECKS]:
        words = " ".join([check.title, check.why, check.remedy])
        assert not OF_AN_APPLICATION.search(words), f"{check.check_id}: {words}"


def test_every_setting_is_explained() -> None:
    explained = set(re.findall(r"^\| `([^`]+)` \|", read(DOCS / "engineer.md"), re.MULTILINE))
    assert settings_variables() <= explained


def test_every_check_that_a_report_is_said_to_have_is_asked_by_its_contract() -> None:
    suites = load_suites(ROOT / "expectations")
    packs = "|".join({suite.pack for suite in suites})
    sections = read(DOCS / "coverage.md").split("\n## ")[1:]
    assert len(sections) == 5
    for section in sections:
        (link,) = re.findall(r"^Contract: \[(\S+)\]", section, re.MULTILINE)
        contract = load_contract(ROOT, None if link == "dbt_project.yml" else ROOT / link)
        asked = tuple(narrowed for suite in suites for narrowed in suite.narrowed_to(contract))
        named = set(re.findall(rf"`((?:{packs})\.[a-z_]+)`", section)) - set(keys(Contract))
        assert named <= set(Scope(contract, "", asked).check_ids), link


def relative_links(page: Path) -> list[str]:
    targets = [link or source for link, source in LINK.findall(FENCE.sub("", read(page)))]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings."""
    headings = HEADING.findall(FENCE.sub("", read(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def settings_variables() -> set[str]:
    return {f"COUNTERFOIL_{name.upper()}" for name in Settings.model_fields}


def known_variables() -> set[str]:
    """Those of the settings, of the example profiles, and of the package's own code."""
    sources = [ROOT / "profiles.example.yml", *(ROOT / "counterfoil").rglob("*.py")]
    return settings_variables().union(*(VARIABLE.findall(read(source)) for source in sources))


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Each key of a contract: `capacity.epoch`, `tables.*.key`, `relationships[].child`."""
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        yield key
        for nested, suffix in nested_models(field.annotation):
            yield from keys(nested, f"{key}{suffix}.")


def nested_models(annotation: Any, suffix: str = "") -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, suffix
        return
    origin = get_origin(annotation)
    if origin is dict:
        suffix = ".*"
    elif origin is tuple:
        suffix = "[]"
    elif origin not in (Union, types.UnionType):
        return
    for argument in get_args(annotation):
        yield from nested_models(argument, suffix)
