"""What goes wrong around an audit: nobody's books are touched, and the next night is well."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
import psycopg2
import pytest
from copies import write_profiles
from prefects import Prefect
from processes import Counterfoil
from proxy import network
from refusals import assert_one_line
from servers import Server, server
from waiting import wait_until
from walls import Walled, found, walled

import counterfoil.audit.audit
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import CounterfoilError
from counterfoil.common.settings import Settings
from counterfoil.pipeline.host import DELAYS_S
from counterfoil.postgres.session import Session
from counterfoil.views.build import drop_views

ASSERTING = "Everything is read as of"
MAX_CONNECTIONS = 30


@dataclass(frozen=True)
class Night:
    """A run of `counterfoil run` that is under way."""

    process: Counterfoil

    @property
    def said(self) -> list[str]:
        """The lines that it has said by now."""
        return self.process.err.splitlines()

    def until(self, words: str, *, seconds: float = 60) -> None:
        """Waits until it has said that, or has ended."""
        wait_until(
            lambda: any(words in line for line in self.said) or self.process.poll() is not None,
            seconds=seconds,
        )
        assert any(words in line for line in self.said), self.said

    def end(self) -> int:
        """Waits for its end; its exit code."""
        return self.process.wait(180)

    @property
    def error(self) -> str:
        """The one line that says what went wrong."""
        (line,) = (line for line in self.said if line.startswith("error: "))
        assert_one_line(line)
        return line


@dataclass(frozen=True)
class Place:
    """A database on a server of its own, where a disaster may happen, and its reports."""

    server: Server
    books: Walled
    folder: Path

    def start(self, delays_s: Sequence[float] = DELAYS_S, **variables: str) -> Night:
        """Begins an audit; as a flow, where the variables say where Prefect's server is."""
        environment = os.environ | {
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_CLIENT_MAX_RETRIES": "1",
            "COUNTERFOIL_CLIENT_CHECK_S": "1",
        }
        return Night(
            Counterfoil(
                *("run", "--target", "place", "--fail-on", "never"),
                folder=self.folder,
                environment=environment | variables,
                delays_s=delays_s,
            )
        )

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def published(self) -> list[str]:
        """The audits that are published; each of them whole."""
        names = []
        for folder in sorted(self.reports.iterdir()):
            if folder.name.startswith(".") or folder.is_symlink() or folder.is_file():
                continue
            Audit.model_validate_json((folder / "audit.json").read_text())
            assert (folder / "report.md").read_text().endswith("\n")
            names.append(folder.name)
        return names

    def sessions(self) -> int:
        """Those of the audit's roles, and the locks of anybody."""
        with self.books.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "select (select count(*) from pg_stat_activity where usename in (%s, %s))"
                " + (select count(*) from pg_locks where locktype = 'advisory')",
                (self.books.builder.user, self.books.auditor.user),
            )
            (count,) = cursor.fetchone() or (0,)
            return int(count)


@pytest.fixture(scope="module")
def place(environment: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("COUNTERFOIL_REPORTS_DIR", str(folder / "reports"))
        running = stack.enter_context(
            server(folder / "server", max_connections=str(MAX_CONNECTIONS))
        )
        books = stack.enter_context(walled(running.target(), "place", folder))
        place = Place(running, books, folder)
        books.make_views()
        night = place.start()
        assert night.end() == 0, night.said
        yield place


@contextmanager
def survived(place: Place) -> Iterator[None]:
    """What must hold whatever happened: books, reports, sessions, and the next audit."""
    before, published = place.books.books(), place.published()
    yield
    assert place.books.books() == before
    assert place.published()[: len(published)] == published
    wait_until(lambda: place.sessions() == 0)
    night = place.start()
    assert night.end() == 0, night.said
    after = place.published()
    assert (place.reports / "latest").resolve().name == after[-1]


def test_killed_at_any_point(place: Place, request: pytest.FixtureRequest) -> None:
    """The run, dbt below it, or both; half of them while the views are being built.

    Thirty times as Prefect's flow; twice without Prefect, unless it is asked for.
    """
    times, variables = 2, {}
    if request.config.getoption("--long"):
        times, variables = 30, {"PREFECT_API_URL": request.getfixturevalue("prefect_api")}
    seed = int(os.environ.get("COUNTERFOIL_TEST_SEED", "5"))
    chance = random.Random(seed)
    killed = []
    for number in range(times):
        with survived(place):
            victim = chance.choice(["run", "dbt", "both"])
            is_built = victim == "dbt" or number % 2 == 0
            if is_built:
                drop_views(Session.alone(place.books.builder, Settings()))
            night = place.start(**variables)
            if victim == "dbt":
                wait_until(partial(_dbt_of, night), seconds=60)
                after = chance.uniform(0, 6)
            else:
                after = chance.uniform(1, 14 if is_built else 8 if variables else 3)
            time.sleep(after)
            _kill(night, victim)
            code = night.end()
            killed.append((victim, round(after, 1), code))
            if victim == "dbt" and code == 3:
                assert "dbt ended with -9" in night.error
    print(f"seed {seed}: {killed}")


def _dbt_of(night: Night) -> list[psutil.Process]:
    """The process of dbt below a run, while there is one."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(night.process.pid).children()
        return [child for child in children if "counterfoil.views.dbt_process" in child.cmdline()]
    return []


def _kill(night: Night, victim: str) -> None:
    if victim == "dbt":
        for process in _dbt_of(night):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    elif victim == "run":
        night.process.kill()
    elif night.process.poll() is None:
        os.killpg(night.process.pid, signal.SIGKILL)


def test_the_server_is_restarted_in_mid_audit(place: Place) -> None:
    with survived(place):
        night = place.start()
        night.until(ASSERTING)
        place.server.stop("fast")
        place.server.start(max_connections=str(MAX_CONNECTIONS))
        assert night.end() == 0, night.said
        assert any("assert: " in line and "It will be tried again" in line for line in night.said)


def test_the_server_crashes_in_mid_audit(place: Place) -> None:
    with survived(place):
        night = place.start()
        night.until(ASSERTING)
        place.server.stop("immediate")
        place.server.start(max_connections=str(MAX_CONNECTIONS))
        assert night.end() == 0, night.said


def test_the_server_stays_away(place: Place) -> None:
    with survived(place):
        night = place.start()
        night.until(ASSERTING)
        place.server.stop("fast")
        try:
            assert night.end() == 3
            assert "cannot connect: " in night.error
        finally:
            place.server.start(max_connections=str(MAX_CONNECTIONS))


def test_backends_are_terminated(place: Place) -> None:
    """Each of the audit's, one after another, while it asserts: the whole is tried again."""
    with survived(place):
        night = place.start()
        night.until(ASSERTING)
        with place.books.connect() as superuser, superuser.cursor() as cursor:
            cursor.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s",
                (place.books.auditor.user,),
            )
            assert cursor.fetchone() != (0,)
        assert night.end() == 0, night.said
        assert sum(ASSERTING in line for line in night.said) == 2, "not the whole of it"


def test_connections_are_exhausted(place: Place) -> None:
    with survived(place):
        with ExitStack() as stack:
            for _ in range(MAX_CONNECTIONS):
                try:
                    stack.enter_context(place.books.connect(place.books.reader))
                except psycopg2.OperationalError:
                    break
            night = place.start(delays_s=(0.1, 0.1))
            assert night.end() == 3
            assert "cannot connect: " in night.error
            assert "connection" in night.error


def test_a_network_that_is_slow(place: Place) -> None:
    with survived(place), network(place.server.port) as slow, through(place, slow.port):
        slow.delay_s = 0.01
        night = place.start()
        assert night.end() == 0, night.said


def test_a_network_that_is_cut(place: Place) -> None:
    with survived(place), network(place.server.port) as between, through(place, between.port):
        between.delay_s = 0.01
        night = place.start()
        night.until(ASSERTING)
        between.cut()
        time.sleep(0.5)
        between.restore()
        assert night.end() == 0, night.said
        assert any("It will be tried again" in line for line in night.said)


@contextmanager
def through(place: Place, port: int) -> Iterator[None]:
    """The audit's targets lead to that port meanwhile."""
    changed = {"host": "127.0.0.1", "port": port}
    targets = (place.books.builder, place.books.auditor, place.books.historian)
    write_profiles(place.folder, *(target.model_copy(update=changed) for target in targets))
    try:
        yield
    finally:
        write_profiles(place.folder, *targets)


def test_prefects_server_goes_away_after_the_start(place: Place) -> None:
    gone = Prefect(place.folder / "another")
    with survived(place), gone.serve() as process:
        night = place.start(PREFECT_API_URL=gone.api)
        night.until("Auditing")
        os.killpg(process.pid, signal.SIGKILL)
        assert night.end() == 3
        assert "Prefect" in night.error


def test_prefects_server_fails_once_everything_is_published(place: Place) -> None:
    """The audit is there; that the run is not completed is no success all the same."""
    failing = Prefect(place.folder / "failing")
    port = int(failing.api.removesuffix("/api").rpartition(":")[2])
    with survived(place), failing.serve(), network(port) as proxy:
        night = place.start(PREFECT_API_URL=f"http://127.0.0.1:{proxy.port}/api")
        night.until("Published")
        proxy.answer = b"HTTP/1.1 500 Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        assert night.end() == 3
        # After a word of Prefect's log handler, which ends no line.
        assert "error: Prefect cannot run the flow" in night.said[-1]


def test_reports_can_no_longer_be_written(place: Place) -> None:
    """The folder becomes a file once the audit has begun; as root it cannot be read-only."""
    aside = place.folder / "aside"
    with survived(place):
        night = place.start()
        night.until("Auditing")
        place.reports.rename(aside)
        place.reports.write_text("not a folder")
        try:
            assert night.end() == 3
            assert "the report could not be written: Not a directory" in night.error
        finally:
            place.reports.unlink()
            aside.rename(place.reports)


def test_a_disk_that_is_full(
    environment: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres' own, on a small file system: the build fails, and the server with it or not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    try:
        with server(disk / "server") as running:
            with walled(running.target(), "place", tmp_path) as books:
                before = books.books()
                filler = disk / "filler"
                _fill(filler)
                try:
                    with pytest.raises(CounterfoilError) as refused:
                        books.audit()
                    assert_one_line(str(refused.value))
                    assert "No space left" in str(refused.value)
                finally:
                    filler.unlink()
                running.stop("immediate")
                running.start()
                assert books.books() == before
                books.make_views()
                books.audit()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill(file: Path) -> None:
    """Until not a byte is left."""
    with suppress(OSError), file.open("wb", buffering=0) as growing:
        while growing.write(b"x" * 4096):
            pass


@pytest.mark.parametrize("hours", [-26, 26])
def test_the_clock_of_the_auditors_host_is_wrong(
    place: Place, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """What is fresh and what is of the future is judged by the database's clock."""
    expected = found(place.books.audit())

    class Skewed(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(hours=hours)

    monkeypatch.setattr(counterfoil.audit.audit, "datetime", Skewed)
    assert found(place.books.audit()) == expected
