"""What the pages show was said: every terminal in them is run, on the demo."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from built import ensure_built
from conftest import ROOT
from pages import Terminal, agrees, steps_of

from counterfoil import demo
from counterfoil.common.settings import Settings
from counterfoil.pipeline.plan import make_plan
from counterfoil.postgres.embedded import binaries

# The catalogue is written from the suites, with examples that tests/faults runs; what is said of
# a folder of migrations is held by test_migrations_command.py, and each recipe by
# test_ledger_recipes.py and test_rule_recipes.py.
HELD_ELSEWHERE = {"checks.md", "ledger-recipes.md", "migrations.md", "rules.md"}
PAGES = [
    page
    for page in sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")])
    if page.name not in HELD_ELSEWHERE
]

# What a reader's checkout has of its own.
THEIR_OWN = {".counterfoil", ".git", "logs", "profiles.yml", "reports", "target"}


@pytest.fixture(scope="module")
def checkout(
    environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A checkout whose demo runs, its views built."""
    folder = tmp_path_factory.mktemp("checkout")
    for file in ROOT.iterdir():
        if file.name not in THEIR_OWN:
            (folder / file.name).symlink_to(file)
    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    demo.start(folder / ".counterfoil")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERFOIL_DEMO_HOST", str(demo.socket_dir(folder / ".counterfoil")))
        ensure_built(make_plan("demo", None, Settings()))
    yield folder
    demo.stop(folder / ".counterfoil")


@pytest.fixture
def shell(checkout: Path) -> Terminal:
    """A reader's terminal, in a checkout whose demo is as a first `make run` finds it."""
    demo.start(checkout / ".counterfoil")
    demo.load(checkout / ".counterfoil", with_history=True)
    shutil.rmtree(checkout / "reports", ignore_errors=True)
    left_out = ("COUNTERFOIL_", "DBT_", "MAKE", "MFLAGS")
    environment = {name: os.environ[name] for name in os.environ if not name.startswith(left_out)}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}",
        "COLUMNS": "300",
    }
    return Terminal(checkout, environment)


def test_a_block_says_what_was_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```\nPASSED: 30 of 30 checks passed\n```\n")
    with pytest.raises(AssertionError, match=r"page.md:2: no command"):
        list(steps_of(page))


@pytest.mark.parametrize(
    ("shown", "is_true"),
    [
        ("...\nPASSED: 30 of 30 checks\npassed\n...", True),
        ("...\nPASSED: 28 of 28 checks passed\n...", False),
        ("PASSED: 30 of 30 checks passed", False),
    ],
)
def test_what_was_said_is_compared_whole(shown: str, *, is_true: bool) -> None:
    said = "Auditing empwr\nPASSED: 30 of 30 checks passed\nReport: x\n"
    assert agrees(shown, said) is is_true


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_was_said(page: Path, shell: Terminal) -> None:
    for step in steps_of(page):
        program = step.command.split()[0]
        if shutil.which(program, path=shell.environment["PATH"]) is None:
            pytest.skip(f"{page.name}:{step.line}: {program} is not installed")
        said, shown = shell.says(step), "\n".join(step.said)
        told = f"{page.name}:{step.line}: {step.command}\nthe page:\n{shown}\nnow:\n{said}"
        assert agrees(shown, said), told
        assert "ERROR: " in shown or "ERROR: " not in said, told
