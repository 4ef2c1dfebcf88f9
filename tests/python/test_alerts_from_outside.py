"""Alerts from outside: the command line, and the audits that never get as far as a verdict."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import psycopg2
import pytest
from conftest import ROOT, Database
from copies import copy_of, write_profiles
from processes import counterfoil
from receivers import Webhook, webhook

from counterfoil.pipeline.host import DELAYS_S
from counterfoil.postgres.lock import only_audit

RECIPIENTS = "recipients:\n  - {name: on-call, url_env: ON_CALL_URL}\n"


@dataclass(frozen=True)
class Shell:
    """A folder to run `counterfoil` in, with an alerts.yml of its own."""

    folder: Path
    hook: Webhook

    def run(
        self, *arguments: str, delays_s: Sequence[float] = DELAYS_S, **variables: str
    ) -> CompletedProcess[str]:
        """`counterfoil` with these arguments and variables, and no server of Prefect's."""
        inherited = {key: value for key, value in os.environ.items() if "PREFECT" not in key}
        return counterfoil(
            *arguments,
            folder=self.folder,
            environment=inherited
            | {
                "PREFECT_HOME": str(self.folder / "prefect"),
                "DBT_PROFILES_DIR": str(self.folder),
                "COUNTERFOIL_PROJECT_DIR": str(ROOT),
                "COUNTERFOIL_REPORTS_DIR": str(self.folder / "reports"),
                "COUNTERFOIL_ALERTS_FILE": str(self.folder / "alerts.yml"),
                "ON_CALL_URL": self.hook.url("user:s3cretword", "tok3n"),
            }
            | variables,
            delays_s=delays_s,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "alerts.yml").write_text(RECIPIENTS)
    with webhook() as hook:
        yield Shell(tmp_path, hook)


def test_a_test_message_reaches_whom_it_can(shell: Shell, environment: pytest.MonkeyPatch) -> None:
    sent = shell.run("alerts", "test")
    assert (sent.returncode, sent.stdout) == (0, "on-call: sent\n"), sent.stderr
    assert shell.hook.titles == ["Counterfoil: a test"]
    with (shell.folder / "alerts.yml").open("a") as file:
        file.write("  - {name: mail, url_env: MAIL_URL}\n")
    failed = shell.run(
        "alerts", "test", MAIL_URL="mailto://user:s3cretword@127.0.0.1:1?to=on-call@example.org"
    )
    assert failed.returncode == 3
    lines = failed.stdout.splitlines()
    assert lines[0] == "on-call: sent"
    assert lines[1].startswith("mail: not sent: ")
    assert "s3cretword" not in failed.stdout + failed.stderr
    assert "tok3n" not in failed.stdout + failed.stderr


def test_without_recipients_the_test_says_so(shell: Shell) -> None:
    (shell.folder / "alerts.yml").write_text("")
    said = shell.run("alerts", "test")
    assert said.returncode == 3
    assert "it names no recipient" in said.stderr


def test_to_watch_takes_a_server_that_stays(shell: Shell) -> None:
    said = shell.run("alerts", "watch", "--block", "slack-webhook/on-call")
    assert said.returncode == 3
    assert "PREFECT_API_URL" in said.stderr


def test_a_run_tells_its_recipients_and_keeps_its_verdict_whatever_they_do(
    overnight: Database, shell: Shell
) -> None:
    with copy_of(overnight, "told") as copy:
        write_profiles(shell.folder, copy.plan.session.builder)
        shell.hook.status = 500
        first = shell.run("run", "--target", "told", COUNTERFOIL_METRICS_FILE="metrics.prom")
        assert first.returncode == 2, first.stderr
        assert "'on-call' could not be notified (Failed to send JSON POST" in first.stderr
        assert (
            'counterfoil_incidents_open{database="empwr",severity="critical"} 2.0'
            in (shell.folder / "metrics.prom").read_text()
        )
        shell.hook.status = 200
        second = shell.run("run", "--target", "told", COUNTERFOIL_METRICS_FILE=".")
        assert second.returncode == 2, second.stderr
        assert "Notified 'on-call': Counterfoil empwr: CRITICAL, 1 new" in second.stderr
        assert "the metrics cannot be written" in second.stderr
        assert shell.hook.alert_ids[0] == shell.hook.alert_ids[1]
        assert len(shell.hook.messages) == 2
        published = list((shell.folder / "reports").glob("*/audit.json"))
        for text in [first.stderr, first.stdout, *(path.read_text() for path in published)]:
            assert "s3cretword" not in text
            assert "tok3n" not in text


def test_a_database_that_is_down_is_told_at_once(overnight: Database, shell: Shell) -> None:
    down = overnight.plan.session.builder.model_copy(update={"name": "down", "port": 1})
    write_profiles(shell.folder, down)
    said = shell.run("run", "--target", "down", delays_s=(0.1, 0.1))
    assert said.returncode == 3
    (told,) = shell.hook.messages
    assert told["title"] == "Counterfoil target down: the audit could not be completed"
    assert "cannot connect" in told["message"]


def test_a_failure_is_remembered_where_the_history_can_be_written(
    overnight: Database, shell: Shell
) -> None:
    """The second night of the same trouble is silent, and its end is told."""
    with copy_of(overnight, "failing") as copy:
        write_profiles(shell.folder, copy.plan.session.builder)
        (shell.folder / "full").write_text("a file where the reports should go")
        broken = {"COUNTERFOIL_REPORTS_DIR": str(shell.folder / "full" / "reports")}
        for _ in range(2):
            assert shell.run("run", "--target", "failing", **broken).returncode == 3
        assert shell.hook.titles[-1] == "Counterfoil empwr: the audit could not be completed"
        count = len(shell.hook.messages)
        assert shell.run("run", "--target", "failing").returncode == 2
        assert "it can judge again" in shell.hook.titles[-1]
        assert len(shell.hook.messages) == count + 1 == 2


def test_what_was_found_is_told_though_it_cannot_be_recorded(
    overnight: Database, shell: Shell
) -> None:
    with copy_of(overnight, "unrecorded") as copy:
        write_profiles(shell.folder, copy.plan.session.builder)
        with closing(psycopg2.connect(copy.url)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "alter table counterfoil_history.audits add constraint no_more"
                " check (false) not valid"
            )
            connection.commit()
        said = shell.run("run", "--target", "unrecorded")
    assert "not on record, so what changed is not known" in said.stdout
    assert "schema counterfoil_history" in said.stderr
    assert said.returncode == 3, said.stderr
    (told,) = shell.hook.messages
    assert told["title"] == "Counterfoil empwr: the audit could not be completed"
    assert "violates check constraint" in told["message"]
    assert "What it had found: CRITICAL: " in told["message"]


def test_a_second_audit_beside_one_that_runs_is_no_alert(overnight: Database, shell: Shell) -> None:
    write_profiles(shell.folder, overnight.plan.session.builder.model_copy(update={"name": "busy"}))
    with only_audit(overnight.plan.session):
        said = shell.run("run", "--target", "busy")
    assert said.returncode == 3
    assert "another audit of this database runs" in said.stderr
    assert shell.hook.messages == []
