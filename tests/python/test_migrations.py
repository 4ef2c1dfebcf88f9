"""Each check of migrations moves when, and only when, what it is about is broken.

A case of tests/migrations/<check_id>.yml has a healthy folder, and what breaks it: the plain
way to break the check, further ones, and some that must not.

Great Expectations must come to the very same: of each eighth, of every check once, its plain
case a tree among the others', and of the demo systems.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from cases import Case, one_test_each, read_cases
from conftest import ROOT
from failing_rows import differences
from pydantic import BaseModel, ConfigDict, Field

from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import MigrationTree, load_contract
from counterfoil.demo import stop
from counterfoil.migrations import rehearsal, workspace
from counterfoil.migrations.scratch import Scratch, scratch_server
from counterfoil.migrations.workspace import JudgedFolder, judge_folder
from counterfoil.suites.suite import load_suites

TREE = "app"

Judge = Callable[..., JudgedFolder]


class FolderFault(BaseModel):
    """What a case does: `expect` are the keys of the findings, `says` parts of their messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: dict[str, str]
    tree: dict[str, Any] = {}
    break_: dict[str, str] = Field(alias="break")
    expect: dict[str, tuple[dict[str, str], ...]]
    unknown: tuple[str, ...] = ()
    severity: dict[str, str] = {}
    says: tuple[str, ...] = ()


CASES = read_cases(ROOT / "tests" / "migrations", FolderFault)
AUDITED = {*map(str, CASES[::8])}


class OwnServer(Settings):
    """Settings of a server of the tests' own."""

    data_dir: Path

    @property
    def demo_dir(self) -> Path:
        return self.data_dir


@pytest.fixture(scope="session")
def server() -> Iterator[Scratch]:
    """An empty server, for every tree that is run."""
    with scratch_server() as started:
        yield started


@pytest.fixture(scope="session")
def judge(
    environment: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Judge]:
    """Judges a folder by its text, on a server that is started once, and stopped in the end."""
    environment.setattr(
        rehearsal, "scratch_server", lambda: nullcontext(request.getfixturevalue("server"))
    )
    data_dir = tmp_path_factory.mktemp("migrations")
    settings = OwnServer(data_dir=data_dir)

    def run(
        folder: Path,
        tree: dict[str, Any] | None = None,
        *,
        trees: Mapping[str, MigrationTree] | None = None,
        static: bool = False,
        **more: Any,
    ) -> JudgedFolder:
        only = {TREE: MigrationTree.model_validate({"folder": ".", **(tree or {})})}
        return judge_folder(folder, trees or only, settings, static=static, **more)

    yield run
    stop(data_dir)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def in_order(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda key: sorted(map(str, key.items())))


def keys(audit: Audit) -> dict[str, list[dict[str, Any]]]:
    """By failed check the keys of its findings, without the tree that all of them share."""
    return {
        check.check_id: in_order(
            {name: value for name, value in finding.key.items() if name != "tree"}
            for finding in check.findings
        )
        for check in audit.checks
        if check.status == "fail"
    }


def not_judged(audit: Audit) -> set[str]:
    return {check.check_id for check in audit.checks if check.status in ("unknown", "error")}


def messages(judged: JudgedFolder) -> list[str]:
    found = [finding.message for check in judged.audit.checks for finding in check.findings]
    return [*found, *(row.message for row in judged.unknown)]


@one_test_each(CASES)
def test_fault(case: Case[FolderFault], judge: Judge, tmp_path: Path) -> None:
    fault = case.fault
    write(tmp_path, fault.files)
    healthy = judge(tmp_path, fault.tree)
    assert (keys(healthy.audit), not_judged(healthy.audit)) == ({}, set()), messages(healthy)
    assert healthy.audit.status == "passed"

    write(tmp_path, fault.break_)
    broken = judge(tmp_path, fault.tree)
    if str(case) in AUDITED:
        with judged_by_great_expectations():
            agree(broken, judge(tmp_path, fault.tree))
    expected = {check_id: in_order(found) for check_id, found in fault.expect.items()}
    assert keys(broken.audit) == expected, messages(broken)
    assert not_judged(broken.audit) == set(fault.unknown), messages(broken)
    for check in broken.audit.checks:
        assert check.severity == fault.severity.get(check.check_id, check.severity)
    for part in fault.says:
        assert any(part in message for message in messages(broken)), messages(broken)


def test_every_check_fails_in_an_audit_too(judge: Judge, tmp_path: Path) -> None:
    plain = {
        case.check_id: case.fault for case in reversed(CASES) if case.check_id in case.fault.expect
    }
    trees = {}
    for check_id, fault in plain.items():
        write(tmp_path / check_id, fault.files | fault.break_)
        tree = {"folder": "."} | fault.tree
        trees[check_id] = MigrationTree.model_validate(
            tree | {key: f"{check_id}/{tree[key]}" for key in ("folder", "models") if key in tree}
        )
    broken = judge(tmp_path, trees=trees)
    with judged_by_great_expectations():
        agree(judge(tmp_path, trees=trees), broken)
    failed = {
        check.check_id
        for check in broken.audit.checks
        if check.check_id in {finding.key["tree"] for finding in check.findings}
    }
    assert failed == catalogue()


@pytest.mark.parametrize("system", ["cleanrylie", "trvl_social", "hibachi"])
def test_great_expectations_says_the_same_of_demos(system: str, judge: Judge) -> None:
    trees = load_contract(ROOT, ROOT / "contracts" / f"{system}.yml").migrations
    judged = judge(ROOT / "contracts", trees=trees)
    with judged_by_great_expectations():
        agree(judged, judge(ROOT / "contracts", trees=trees))


@contextmanager
def judged_by_great_expectations() -> Iterator[None]:
    """While in the block, folders are asserted as databases are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workspace, "CountsAlone", lambda: None)
        yield


def agree(judged: JudgedFolder, audited: JudgedFolder) -> None:
    """That both say the same, but of when they ran, and for how long."""
    at_once = {"snapshot_at": audited.audit.snapshot_at}
    assert not differences(judged.audit.model_copy(update=at_once), audited.audit)
    assert judged.unknown == audited.unknown


def catalogue() -> set[str]:
    """The checks of a folder; squawk's has tests of its own, since it need not be there."""
    return {
        check.check_id
        for suite in load_suites(ROOT / "expectations")
        if suite.pack == "migrations" and not suite.is_live
        for check in suite.checks
        if check.check_id != "migrations.squawk"
    }


def test_every_check_has_a_fixture() -> None:
    assert {case.check_id for case in CASES} == catalogue()
    assert catalogue() <= {check_id for case in CASES for check_id in case.fault.expect}
