"""A run that is cut off at any of its steps: it goes on, or says in a line that it does not."""

import importlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from built import ensure_views_built
from conftest import Database
from copies import copy_of, write_profiles
from refusals import assert_one_line, refused

import counterfoil.pipeline.host
from counterfoil.audit.audit import audit
from counterfoil.commands.app import main
from counterfoil.common.errors import UnavailableError
from counterfoil.common.settings import settings
from counterfoil.postgres import instant
from counterfoil.views.build import drop_views

# Where each step is cut: a function that it calls while a connection of its own is open.
STEPS = {
    "planning": "counterfoil.pipeline.preflight:_check_columns",
    "building": "counterfoil.views.build:_run",
    "looking around": "counterfoil.audit.audit:_view_columns",
    "asserting": "counterfoil.audit.audit:Validator",
    "recording": "counterfoil.history.record:_insert_audit",
    "publishing": "counterfoil.pipeline.run:publish_report",
    "notifying": "counterfoil.alerts.outbox:_warn_of_waiting",
}
GOES_ON_WITHOUT = ("publishing", "notifying")
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'cut' and pid <> %s"


@pytest.fixture(scope="module")
def cut(overnight: Database) -> Iterator[Database]:
    with copy_of(overnight, "cut") as copy:
        yield copy


class Command:
    """`counterfoil run`, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], reports: Path) -> None:
        self._capsys = capsys
        self.reports = reports

    def run(self) -> tuple[int, list[str]]:
        """Its exit code, and the lines that it said on stderr."""
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), self._capsys.readouterr().err.splitlines()


@pytest.fixture
def command(
    cut: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Command]:
    write_profiles(tmp_path, cut.plan.session.builder)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    # Another step may have been cut off before they stood.
    ensure_views_built(cut.plan.scope.contract, cut.plan.session)
    monkeypatch.setenv("COUNTERFOIL_REPORTS_DIR", str(tmp_path / "reports"))
    monkeypatch.setattr(counterfoil.pipeline.host, "DELAYS_S", (0.01, 0.01))
    monkeypatch.setattr(sys, "argv", ["counterfoil", "run", "--target", "cut"])
    settings.cache_clear()
    log = logging.getLogger("counterfoil")
    handlers, propagate = list(log.handlers), log.propagate
    yield Command(capsys, tmp_path / "reports")
    log.handlers, log.propagate = handlers, propagate
    settings.cache_clear()


def at(step: str, patch: pytest.MonkeyPatch, first: Callable[[], None]) -> None:
    """Has something happen the first time that the step comes to its function."""
    module_name, name = STEPS[step].split(":")
    module = importlib.import_module(module_name)
    genuine = getattr(module, name)
    times = iter([first])

    def patched(*arguments: Any, **named: Any) -> Any:
        next(times, lambda: None)()
        return genuine(*arguments, **named)

    patch.setattr(module, name, patched)


def needs_building(step: str, database: Database) -> None:
    if step == "building":
        drop_views(database.plan.session)


@pytest.mark.parametrize("step", STEPS)
def test_the_connections_are_lost(
    step: str, cut: Database, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        with closing(psycopg2.connect(cut.url)) as other, other.cursor() as cursor:
            cursor.execute(CUT, (other.get_backend_pid(),))

    needs_building(step, cut)
    at(step, monkeypatch, lose)
    code, said = command.run()
    assert code == 2, said
    assert not any("Traceback" in line for line in said), said
    again = [line for line in said if line.endswith("It will be tried again")]
    assert len(again) == (step not in GOES_ON_WITHOUT), said
    assert len(list(command.reports.glob("2*/audit.json"))) == 1


@pytest.mark.parametrize("step", STEPS)
def test_somebody_interrupts(
    step: str, cut: Database, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    needs_building(step, cut)
    at(step, monkeypatch, interrupt)
    code, said = command.run()
    assert code == 130, said
    assert said[-1].startswith("error: Interrupted.")
    assert_one_line(said[-1])
    assert not any("Traceback" in line for line in said), said
    with closing(psycopg2.connect(cut.url)) as other, other.cursor() as cursor:
        cursor.execute("select count(*) from pg_locks where locktype = 'advisory'")
        assert cursor.fetchone() == (0,), "it keeps nobody else from running"


@pytest.mark.parametrize("step", STEPS)
def test_what_nobody_foresaw(
    step: str,
    cut: Database,
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def surprise() -> None:
        raise ZeroDivisionError("of somebody's birth date")

    needs_building(step, cut)
    at(step, monkeypatch, surprise)
    monkeypatch.setattr(
        "counterfoil.common.terminal.log_file", lambda: tmp_path / "counterfoil.log"
    )
    code, said = command.run()
    assert code == 3, said
    assert said[-1].startswith("error: unexpected ZeroDivisionError. See ")
    assert_one_line(said[-1])
    assert str(tmp_path / "counterfoil.log") in said[-1]
    assert "birth date" not in "".join(said)
    assert "birth date" in (tmp_path / "counterfoil.log").read_text()


def test_a_connection_is_lost_as_great_expectations_tries_it(
    cut: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has an error of its own for that, around the driver's."""
    genuine = instant.connect

    def lose_it(*arguments: Any, **named: Any) -> Any:
        connection = genuine(*arguments, **named)
        with closing(psycopg2.connect(cut.url)) as other, other.cursor() as cursor:
            cursor.execute(CUT, (other.get_backend_pid(),))
        return connection

    with instant.open_snapshot(cut.plan.session) as snapshot:
        at("asserting", monkeypatch, lambda: monkeypatch.setattr(instant, "connect", lose_it))
        with refused(UnavailableError, "the connection was lost"):
            audit(cut.plan.scope, snapshot)
