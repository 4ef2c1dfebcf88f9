"""Audits while the application writes: no false finding, no true one missed, nobody held up."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT
from servers import EMBEDDED, Server, server
from test_exit_codes import LONDONS_REMEDY
from walls import Walled, found, walled

from counterfoil.audit.findings import Audit
from counterfoil.postgres.instant import Snapshot

TRAFFIC = ROOT / "tests" / "traffic"
LAWFUL = {"approve": 2, "refund": 1, "cancel": 1}

# A wait of more than deadlock_timeout, and who held the lock.
WAIT = re.compile(r"still waiting for .*\n.*Process(?:es)? holding the lock: ([\d, ]+)\.")
AUDITORS = re.compile(
    r"^(\d+) .*connection authorized: .*application_name=(?:counterfoil|dbt)", re.M
)


@dataclass(frozen=True)
class Busy:
    """A database that an application is about to write to."""

    books: Walled
    server: Server

    @contextmanager
    def traffic(self, *, rate: int, seconds: int, **weights: int) -> Iterator[list[str]]:
        """Runs the scripts by their weights meanwhile, then adds what pgbench reports."""
        scripts = [f"--file={TRAFFIC / name}.sql@{weight}" for name, weight in weights.items()]
        target = self.books.superuser
        process = subprocess.Popen(
            [EMBEDDED / "pgbench", "--no-vacuum", "--protocol=prepared", "--client=4", "--jobs=1"]
            + [f"--rate={rate}", f"--time={seconds}", *scripts]
            + ["-h", target.host, "-p", str(target.port), "-U", target.user, target.dbname],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said: list[str] = []
        try:
            time.sleep(0.5)
            yield said
        finally:
            output, _ = process.communicate(timeout=seconds + 60)
            said.append(output)
        assert process.returncode == 0, output

    def waits_for_audits(self) -> list[str]:
        """The waits of more than 100 ms for a lock that a session of an audit held."""
        log = self.server.log.read_text()
        audits = {match.group(1) for match in AUDITORS.finditer(log)}
        assert audits, "the log does not tell who is who"
        return [
            match.group(0)
            for match in WAIT.finditer(log)
            if audits & set(match.group(1).split(", "))
        ]


@pytest.fixture
def busy(environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    settings = {
        "deadlock_timeout": "100ms",
        "log_lock_waits": "on",
        "log_connections": "on",
        "log_line_prefix": "%p %a ",
    }
    with server(tmp_path / "server", **settings) as running:
        with walled(running.target(), "busy", tmp_path, as_of=None) as books:
            with books.connect() as connection, connection.cursor() as cursor:
                cursor.execute(LONDONS_REMEDY)
                cursor.execute((TRAFFIC / "setup.sql").read_text())
            books.make_views()
            yield Busy(books, running)


def processed(said: list[str]) -> float:
    """Transactions of the application a second, none of which failed."""
    assert "number of failed transactions: 0 (" in said[0], said[0]
    assert "aborted" not in said[0], said[0]
    rate = re.search(r"tps = ([\d.]+)", said[0])
    assert rate, said[0]
    return float(rate.group(1))


def failing(audit: Audit) -> dict[str, tuple[str, int]]:
    quiet = ("pass", "not applicable")
    return {name: came for name, came in found(audit).items() if came[0] not in quiet}


def test_audits_under_traffic_find_nothing_and_hold_nobody_up(
    busy: Busy, request: pytest.FixtureRequest
) -> None:
    audits = 20 if request.config.getoption("--long") else 4
    with busy.traffic(rate=400, seconds=audits * 3 + 12, **LAWFUL) as said:
        for _ in range(audits):
            assert failing(busy.books.audit()) == {}
    rate = processed(said)
    assert rate >= 300
    assert busy.waits_for_audits() == []
    waits = len(WAIT.findall(busy.server.log.read_text()))
    print(f"{audits} audits, {rate:.0f} transactions a second, {waits} waits over 100 ms")
    assert "ERROR" not in busy.server.log.read_text()
    with busy.books.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select reason, count(*) from capacity_ledger where created_at > now() - interval"
            " '1 hour' group by reason"
        )
        assert len(cursor.fetchall()) == 3, "the traffic was not of every kind"


def test_a_writer_that_forgets_its_transaction_is_named(busy: Busy) -> None:
    """The ledger is written in one transaction and the balance in the next."""
    busy.books.audit()
    with busy.traffic(rate=200, seconds=15, approve=1, broken=1):
        seen = [busy.books.audit() for _ in range(3)]
    named = [
        finding.observed["account_label"]
        for audit in seen
        for check in audit.checks
        if check.check_id == "ledger.balance_matches_entries_exactly"
        for finding in check.findings
    ]
    assert named, "nothing was seen of it"
    assert set(named) == {"Traffic 1"}
    assert failing(busy.books.audit()) == {}, "the last balance has been written by now"


def test_without_the_shared_snapshot_there_would_be_false_findings(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test of the first test: the traffic does move what an audit reads, while it reads."""
    busy.books.audit()
    connect = Snapshot._connect

    def unshared(snapshot: Snapshot) -> object:
        connection = connect(snapshot)
        connection.set_session(isolation_level="READ COMMITTED", readonly=True)
        return connection

    monkeypatch.setattr(Snapshot, "pin", lambda _snapshot, _engine: None)
    monkeypatch.setattr(Snapshot, "_connect", unshared)
    with busy.traffic(rate=400, seconds=8, **LAWFUL) as said:
        falsely = failing(busy.books.audit())
    assert processed(said) >= 300
    assert "ledger.entry_time_plausible" in falsely
