"""Settings that mean nothing and folders that take nothing, found before an audit begins."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from refusals import refused

from counterfoil.common.errors import PreflightError, PublishError, SettingsError
from counterfoil.common.settings import Settings, settings
from counterfoil.pipeline.preflight import check_disk
from counterfoil.publish.folder import publish_folder

FILES = {"audit.json": "{}\n", "report.md": "# Report\n"}

# Publishes into a folder on which no file may grow beyond 4 kB: the disk is full.
ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from counterfoil.common.errors import PublishError
from counterfoil.publish.folder import publish_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    publish_folder(Path(sys.argv[1]), "full", {"audit.json": "{}", "report.md": "x" * 10_000})
except PublishError as error:
    print(error)
"""

# Ends in mid-publication, as by SIGKILL from outside.
KILLED = """
import os, signal, sys
from pathlib import Path
from counterfoil.publish.folder import publish_folder

class Deadly(dict):
    def items(self):
        yield "audit.json", "{}"
        os.kill(os.getpid(), signal.SIGKILL)

publish_folder(Path(sys.argv[1]), "killed", Deadly())
"""


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    reports = tmp_path / "reports"
    monkeypatch.setenv("COUNTERFOIL_REPORTS_DIR", str(reports))
    return reports


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVIDENCE_LIMIT", "abc"),
        ("EVIDENCE_LIMIT", "0"),
        ("EVIDENCE_LIMIT", ""),
        ("EVIDENCE_LIMIT", "[red]\n\x1b[31m"),
        ("REPORTS_MIN_FREE_MB", "-1"),
        ("STATEMENT_TIMEOUT_S", "10min"),
        ("STATEMENT_TIMEOUT_S", "99999999999"),
        ("LOCK_TIMEOUT_S", "0.5"),
        ("CONNECT_TIMEOUT_S", "1e9"),
    ],
)
def test_a_setting_that_means_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"COUNTERFOIL_{name}", value)
    with refused(SettingsError, f"environment variable COUNTERFOIL_{name}: '", "Set it to another"):
        settings()


def test_a_relative_project_is_of_this_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COUNTERFOIL_PROJECT_DIR", "project")
    with refused(SettingsError, "COUNTERFOIL_PROJECT_DIR: 'project' is not accepted", "no such"):
        settings()
    (tmp_path / "project").mkdir()
    assert settings().project_dir == tmp_path / "project"


def test_a_file_in_place_of_the_reports(reports: Path) -> None:
    reports.write_text("mine")
    with refused(PreflightError, str(reports), "reports cannot be written: File exists"):
        check_disk(Settings())
    assert reports.read_text() == "mine"


def test_a_file_in_place_of_a_parent(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reports.write_text("mine")
    monkeypatch.setenv("COUNTERFOIL_REPORTS_DIR", str(reports / "nightly"))
    with refused(PreflightError, str(reports / "nightly"), "cannot be written: Not a directory"):
        check_disk(Settings())


def test_a_place_that_takes_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_REPORTS_DIR", "/proc/reports")
    with refused(PreflightError, "/proc/reports", "set COUNTERFOIL_REPORTS_DIR"):
        check_disk(Settings())


def test_a_place_that_takes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_REPORTS_DIR", "/proc")
    with refused(PreflightError, "/proc", "reports cannot be written"):
        check_disk(Settings())


def test_no_disk_space(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_REPORTS_MIN_FREE_MB", "999999999")
    with refused(PreflightError, str(reports), "no disk space for reports", "999999999 needed"):
        check_disk(Settings())
    assert listed(reports) == []


def test_a_folder_in_place_of_the_latest(reports: Path) -> None:
    (reports / "latest").mkdir(parents=True)
    with refused(PreflightError, str(reports / "latest"), "it is a folder, and the link"):
        check_disk(Settings())


def test_the_disk_is_full_when_the_report_is_written(reports: Path) -> None:
    publish_folder(reports, "before", FILES)
    before = listed(reports)
    said = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(reports)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"{reports / 'full'}: the report could not be written: File too large." in said
    assert "Free space" in said
    assert said.count("\n") == 1
    assert listed(reports) == before
    assert (reports / "latest").resolve() == reports / "before"


def test_a_report_of_that_name_is_never_replaced(reports: Path) -> None:
    publish_folder(reports, "once", FILES)
    with refused(PublishError, str(reports / "once"), "could not be written"):
        publish_folder(reports, "once", {"audit.json": "another"})
    assert (reports / "once" / "audit.json").read_text() == "{}\n"
    assert listed(reports) == [
        "latest",
        "once",
        "once/audit.json",
        "once/report.md",
    ]


def test_a_report_that_cannot_be_the_latest_is_not_published(reports: Path) -> None:
    (reports / "latest").mkdir(parents=True)
    with refused(PublishError, str(reports / "new"), "could not be written"):
        publish_folder(reports, "new", FILES)
    assert listed(reports) == ["latest"]


def test_reports_are_published_whole(reports: Path) -> None:
    check_disk(Settings())
    publish_folder(reports, "first", FILES, latest="latest-production")
    publish_folder(reports, "second", FILES, latest="latest-staging")
    assert (reports / "latest").resolve() == reports / "second"
    assert (reports / "latest-production").resolve() == reports / "first"
    assert (reports / "latest-staging").resolve() == reports / "second"
    assert {path.name for path in (reports / "latest").iterdir()} == set(FILES)


def test_what_a_killed_audit_wrote_is_removed_once_it_is_old(reports: Path) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED, str(reports)], check=False).returncode
    assert died == -signal.SIGKILL
    (reports / ".latest.1").symlink_to("nowhere")
    (reports / ".index.html.1").touch()
    (reports / ".index.lock").touch()
    left = [".index.html.1", ".index.lock", ".killed.partial", ".latest.1"]
    publish_folder(reports, "first", FILES)
    assert set(left) <= set(listed(reports)), "somebody may be writing it"

    for name in left:
        os.utime(reports / name, (0, time.time() - 3700), follow_symlinks=False)
    publish_folder(reports, "second", FILES)
    assert set(left) & set(listed(reports)) == {".index.lock"}
    assert (reports / "latest").resolve() == reports / "second"
