"""Squawk's findings beside ours, where it is installed."""

import shutil
from pathlib import Path

import pytest
from test_migrations import Judge, judge, keys, messages, server, write

from counterfoil.common.errors import MigrationsError

__all__ = ["judge", "server"]

SQUAWK = "migrations.squawk"
FILE = "-- squawk-ignore ban-drop-table\ndrop table a;\n\ncreate index i on b (id);\n"
FIRST = "create table a (id bigint);\ncreate table b (id bigint);\n"

needs_squawk = pytest.mark.skipif(
    shutil.which("squawk") is None, reason="squawk is not installed: pip install squawk-cli"
)


@needs_squawk
@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        ({"0001_a.sql": FIRST}, {"0002_b.sql": FILE}, "4"),
        # Of a file with both halves, what it does forward.
        (
            {"1_a.sql": f"-- +goose Up\n{FIRST}-- +goose Down\ndrop table a, b;"},
            {"2_b.sql": f"-- +goose Up\n{FILE}-- +goose Down\ndrop index i;"},
            "5",
        ),
    ],
)
def test_its_findings_are_ours(
    first: dict[str, str], second: dict[str, str], line: str, judge: Judge, tmp_path: Path
) -> None:
    write(tmp_path, first | second)
    (file,) = second
    judged = judge(tmp_path, {"rollbacks": False}, with_squawk=True)
    found = [(key["file"], key["line"], key["rule"]) for key in keys(judged.audit)[SQUAWK]]
    assert (file, line, "require-concurrent-index-creation") in found
    # Its own comments hold.
    assert "ban-drop-table" not in {rule for _, _, rule in found}
    (tmp_path / file).write_text(f"-- counterfoil: allow {SQUAWK} because b is small\n{FILE}")
    accepted = keys(judge(tmp_path, {"rollbacks": False}, with_squawk=True).audit)
    assert file not in {key["file"] for key in accepted.get(SQUAWK, [])}


@needs_squawk
def test_its_own_configuration_holds(judge: Judge, tmp_path: Path) -> None:
    write(tmp_path, {"0001_a.sql": FIRST, "0002_b.sql": FILE})
    rules = "require-concurrent-index-creation", "prefer-robust-stmts"
    wanted = "require-lock-timeout", "require-statement-timeout"
    (tmp_path / ".squawk.toml").write_text(f"excluded_rules = {[*rules, *wanted]}")
    judged = judge(tmp_path, {"rollbacks": False}, with_squawk=True)
    assert messages(judged) == []


def test_without_it_one_line_says_so(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"0001_a.sql": FIRST})
    statuses = {check.check_id: check.status for check in judge(tmp_path).audit.checks}
    assert statuses[SQUAWK] == "not applicable"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MigrationsError, match="squawk is not on the PATH"):
        judge(tmp_path, with_squawk=True)


def test_what_is_no_answer_is_refused(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"0001_a.sql": FIRST, "bin/squawk": "#!/bin/sh\necho '[{\"x\": 1}]'"})
    (tmp_path / "bin" / "squawk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    with pytest.raises(MigrationsError, match="squawk cannot be understood"):
        judge(tmp_path, with_squawk=True)
