"""Paths and files that are none, wherever a user may name one: one line, and exit code 3."""

import os
from pathlib import Path

import pytest
from commands import counterfoil
from conftest import ROOT
from refusals import assert_one_line, refused

from counterfoil.common.errors import ContractError, WaiverError
from counterfoil.common.files import read_text

LONG = "x" * 5_000
DEEP = "y/" * 2_500
PROJECT = {"COUNTERFOIL_PROJECT_DIR": str(ROOT)}


@pytest.mark.parametrize("path", [LONG, DEEP])
@pytest.mark.parametrize(
    "command",
    [
        ("run", "--contract"),
        ("run", "--json"),
        ("grants", "--contract"),
        ("contract", "draft", "--output"),
        ("migrations",),
        ("repair", "plan", "--contract"),
    ],
)
def test_a_path_that_no_file_can_have(command: tuple[str, ...], path: str) -> None:
    said = counterfoil(*command, path, **PROJECT)
    assert said.returncode == 3, said.stderr
    assert_one_line(said.stderr.removesuffix("\n"))
    assert "unexpected" not in said.stderr
    assert len(said.stderr) < 1_000


@pytest.mark.parametrize("name", ["WAIVERS_FILE", "ALERTS_FILE", "REPORTS_DIR", "PROJECT_DIR"])
def test_a_setting_that_no_file_can_have(name: str) -> None:
    said = counterfoil("run", **PROJECT | {f"COUNTERFOIL_{name}": LONG})
    assert said.returncode == 3, said.stderr
    assert_one_line(said.stderr.removesuffix("\n"))
    assert "unexpected" not in said.stderr


def test_recipients_that_a_setting_names_and_that_are_not_there(tmp_path: Path) -> None:
    """Nobody would be told; that of no setting may be missing."""
    file = tmp_path / "nowhere.yml"
    said = counterfoil("run", **PROJECT, COUNTERFOIL_ALERTS_FILE=str(file))
    assert said.returncode == 3
    assert said.stderr == (
        f"error: {file}: no such file. Correct COUNTERFOIL_ALERTS_FILE, or make that file.\n"
    )


@pytest.mark.parametrize("command", ["run", "grants"])
def test_nobody_waits_for_a_pipe(command: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    said = counterfoil(command, "--contract", tmp_path / "pipe", **PROJECT)
    assert said.returncode == 3
    assert "no file but a pipe or a device" in said.stderr


def test_a_device_and_a_path_with_a_nul() -> None:
    with refused(WaiverError, "no file but a pipe or a device"):
        read_text(Path("/dev/zero"), WaiverError)
    with refused(ContractError, "cannot be read: embedded null byte"):
        read_text(Path("a\0b"), ContractError)


def test_a_reader_without_a_name() -> None:
    said = counterfoil("grants", "--reader", "", **PROJECT)
    assert said.returncode == 3
    assert said.stderr == "error: --reader: the analysts' role has no name. Name a role.\n"
