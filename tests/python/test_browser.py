"""Tests that need a browser, on a machine that has one by some name, and on one without."""

import os
import subprocess
import sys
from pathlib import Path

import browser
import pytest
from browser import find_browser

TESTS = """
import pytest
from browser import chromium

@pytest.fixture(params=["one", "another"])
def browser():
    with chromium() as browser:
        yield browser

def test_that_needs_one(browser):
    assert browser.version

def test_that_needs_none():
    pass
"""
ELSEWHERE = "macOS has its browsers where PATH does not reach"
INSTALLED = find_browser()


def run(folder: Path, *arguments: str, path: Path) -> tuple[int, list[str]]:
    """pytest in a folder, with nothing in the way of programs but `path`: code and lines."""
    (folder / "test_pages.py").write_text(TESTS)
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "browser", "-p", "no:cacheprovider"]
        + [f"--basetemp={folder / 'pytest'}", *arguments],
        cwd=folder,
        env=kept | {"PATH": str(path), "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return finished.returncode, (finished.stdout + finished.stderr).strip().splitlines()


@pytest.mark.skipif(sys.platform == "darwin", reason=ELSEWHERE)
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one", "workers"])
def test_without_one_they_are_left_out_and_the_last_lines_say_so(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    if workers:
        pytest.importorskip("xdist")
    code, lines = run(tmp_path, *workers, path=tmp_path)
    assert code == 0
    assert lines[-4].strip("= ") == "browser"
    assert lines[-3:-1] == [
        "no browser is installed: neither Chromium, nor Chrome, nor Edge.",
        "2 tests that need one were left out; to run them: apt-get install chromium",
    ]
    assert "1 passed, 2 skipped" in lines[-1]


@pytest.mark.skipif(sys.platform == "darwin", reason=ELSEWHERE)
def test_without_one_where_it_is_demanded_nothing_is_run(tmp_path: Path) -> None:
    code, lines = run(tmp_path, "--browser=required", path=tmp_path)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert lines == [
        "ERROR: no browser is installed: neither Chromium, nor Chrome, nor Edge"
        " (apt-get install chromium)"
    ]


@pytest.mark.parametrize(
    "name",
    ["chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable"]
    + ["microsoft-edge", "microsoft-edge-stable"],
)
def test_each_usual_name_is_found(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "_MACOS_PROGRAMS", ())
    assert find_browser() is None
    (tmp_path / name).touch(mode=0o755)
    assert find_browser() == str(tmp_path / name)


def test_an_application_of_macos_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "Google Chrome.app" / "Contents" / "MacOS" / "Google Chrome"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(browser, "_MACOS_PROGRAMS", (tmp_path / "Chromium", program))
    assert find_browser() == str(program)


@pytest.mark.skipif(INSTALLED is None, reason="there is none to give another name to")
def test_one_by_another_name_is_used(tmp_path: Path) -> None:
    # Debian's is a script that calls other programs.
    script = f'#!/bin/sh\nPATH={os.environ["PATH"]} exec "{INSTALLED}" "$@"\n'
    (tmp_path / "google-chrome").write_text(script)
    (tmp_path / "google-chrome").chmod(0o755)
    code, lines = run(tmp_path, "--browser=required", path=tmp_path)
    assert (code, lines[-1].count("3 passed")) == (0, 1), lines
    assert not any("left out" in line for line in lines)
