"""docs/ledgers.md shows what is run elsewhere: parts of contracts of the golden ledgers and of the
recipes, and sentences that a case of the golden ledgers brings.
"""

import re
from typing import Any

import pytest
import yaml
from conftest import ROOT
from test_golden_ledgers import BOOKS, CASES, contract_of
from test_ledger_recipes import blocks, recipes

PAGE = (ROOT / "docs" / "ledgers.md").read_text(encoding="utf-8")
CONTRACTS = [
    *(yaml.safe_load(contract_of(books).read_text(encoding="utf-8")) for books in BOOKS),
    *(yaml.safe_load(recipe.contract) for recipe in recipes()),
]
QUOTED = re.compile(r"^(?:> .*\n)+", re.MULTILINE)


def is_part(part: Any, whole: Any) -> bool:
    """Whether each key of the part is there, and each value that is no mapping the same."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_part(value, whole[name]) for name, value in part.items())
    return bool(part == whole)


@pytest.mark.parametrize("shown", [shown for info, shown in blocks(PAGE) if info == "yaml"])
def test_each_contract_is_part_of_one_that_is_run(shown: str) -> None:
    assert any(is_part(yaml.safe_load(shown), contract) for contract in CONTRACTS)


def test_each_sentence_is_said_of_a_case() -> None:
    quoted = [" ".join(lines.replace("> ", "").split()) for lines in QUOTED.findall(PAGE)]
    assert quoted
    assert set(quoted) <= {said for case in CASES for said in case.fault.says}
