"""Views built on the primary, asserted on a hot standby that streams from it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from copies import write_profiles
from refusals import refused
from servers import EMBEDDED, INSTALLED, Server, server
from waiting import wait_until
from walls import Walled, found, walled

from counterfoil.common.errors import LockError, TargetError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.postgres.instant import Snapshot, open_snapshot
from counterfoil.postgres.lock import only_audit
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

# Where other versions than the embedded one are installed, they are tried as well.
BINARIES = [pytest.param(EMBEDDED, id="embedded")] + [
    pytest.param(binaries, id=binaries.parent.name) for binaries in INSTALLED
]


@dataclass(frozen=True)
class Pair:
    """A primary with an audited database, and a standby that the auditor asks.

    Attributes:
        books: the database, its profiles.yml as the audits read it.
        auditor: the auditor's role, on the standby.
        folder: of that profiles.yml.
    """

    books: Walled
    primary: Server
    standby: Server
    auditor: Target
    folder: Path

    @property
    def session(self) -> Session:
        """Views on the primary, suites on the standby."""
        return Session(self.books.builder, self.auditor, self.books.historian, Settings())


@pytest.fixture(scope="module", params=BINARIES)
def pair(
    request: pytest.FixtureRequest, environment: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("replica")
    with (
        pytest.MonkeyPatch.context() as patch,
        server(folder / "primary", request.param) as primary,
    ):
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("COUNTERFOIL_REPLICA_LAG_S", "5")
        standby = Server(folder / "standby", request.param)
        try:
            standby.follow(primary)
            standby.start()
            with walled(primary.target(), "books", folder, as_of=None) as books:
                books.make_views()
                auditor = books.auditor.model_copy(
                    update={"host": str(standby.folder), "port": standby.port}
                )
                write_profiles(folder, books.builder, auditor, books.historian)
                wait_until(lambda: _is_level(primary, standby), seconds=60)
                yield Pair(books, primary, standby, auditor, folder)
        finally:
            standby.remove()


def _is_level(primary: Server, standby: Server) -> bool:
    """Whether the standby has replayed all that the primary has flushed."""
    with primary.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select pg_current_wal_flush_lsn()")
        written = cursor.fetchone()
    with standby.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", written)
        return cursor.fetchone() == (True,)


@contextmanager
def asserting_on_the_primary(pair: Pair) -> Iterator[None]:
    books = pair.books
    write_profiles(pair.folder, books.builder, books.auditor, books.historian)
    try:
        yield
    finally:
        write_profiles(pair.folder, books.builder, pair.auditor, books.historian)


@contextmanager
def paused(pair: Pair) -> Iterator[None]:
    with pair.standby.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select pg_wal_replay_pause()")
        try:
            yield
        finally:
            cursor.execute("select pg_wal_replay_resume()")
            # What it does once it is level again is what the tests ask, not how soon that is.
            wait_until(lambda: _is_level(pair.primary, pair.standby), seconds=60)


def write(pair: Pair) -> None:
    with pair.books.connect() as application, application.cursor() as cursor:
        cursor.execute("update public.studios set name = name")


def test_an_audit_on_the_standby_finds_what_one_on_the_primary_finds(pair: Pair) -> None:
    before = pair.books.books()
    # The first closes days, and the next has them to look at.
    pair.books.audit()
    on_standby = pair.books.audit()
    with asserting_on_the_primary(pair):
        on_primary = pair.books.audit()
    assert found(on_standby) == found(on_primary)
    assert ("fail", 1) in found(on_standby).values(), "nothing was found on either"
    assert pair.books.books() == before


def test_the_standby_was_asked(pair: Pair) -> None:
    with open_snapshot(pair.session) as snapshot:
        with snapshot.exporter.cursor() as cursor:
            cursor.execute("select pg_is_in_recovery()")
            assert cursor.fetchone() == (True,)


def test_what_was_committed_before_an_audit_is_in_it(pair: Pair) -> None:
    """However late the standby replays it, if within the lag that is allowed."""
    for _ in range(20):
        with pair.books.connect() as application, application.cursor() as cursor:
            cursor.execute(
                "update public.studios set created_at = clock_timestamp() returning created_at"
            )
            (written_at,) = cursor.fetchone() or (None,)
        with open_snapshot(pair.session) as snapshot:
            assert snapshot.as_of >= written_at
            with snapshot.exporter.cursor() as cursor:
                cursor.execute("select * from counterfoil.tenant_overview")


def test_its_instant_is_that_of_the_last_replayed_transaction(pair: Pair) -> None:
    write(pair)
    with pair.standby.connect() as connection, connection.cursor() as cursor:
        with open_snapshot(pair.session) as snapshot:
            cursor.execute("select pg_last_xact_replay_timestamp()")
            (replayed_at,) = cursor.fetchone() or (None,)
        assert timedelta() <= snapshot.as_of - replayed_at < timedelta(seconds=5)


def test_an_idle_primary_makes_nothing_old(pair: Pair) -> None:
    """Its last transaction is, and the standby is not behind."""
    write(pair)
    time.sleep(2.5)
    with open_snapshot(pair.session) as snapshot:
        assert datetime.now(UTC) - snapshot.as_of < timedelta(seconds=1)


def test_a_paused_standby_that_is_behind_is_refused(pair: Pair) -> None:
    with paused(pair):
        write(pair)
        with refused(UnavailableError, str(pair.auditor), "behind its primary: its replay is"):
            pair.books.audit()
    pair.books.audit()


def test_a_standby_that_was_cut_off_is_refused(pair: Pair) -> None:
    """It serves rows as before, and says nothing: only its primary knows."""
    with pair.standby.connect() as connection, connection.cursor() as cursor:
        cursor.execute("show primary_conninfo")
        (primary,) = cursor.fetchone() or ("",)
        cursor.execute("alter system set primary_conninfo = 'host=/nowhere'")
        cursor.execute("select pg_reload_conf()")
        try:
            time.sleep(0.5)
            write(pair)
            with refused(UnavailableError, "behind its primary: by more than 5 s", "REPLICA_LAG"):
                pair.books.audit()
        finally:
            cursor.execute("alter system set primary_conninfo = %s", (primary,))
            cursor.execute("select pg_reload_conf()")
    wait_until(lambda: _audits(pair), seconds=30)


def _audits(pair: Pair) -> bool:
    try:
        pair.books.audit()
    except UnavailableError:
        return False
    return True


def test_a_standby_without_its_primary_is_refused(pair: Pair) -> None:
    with refused(TargetError, "it is a replica, and no primary is named to compare it with"):
        with open_snapshot(Session.alone(pair.auditor, Settings())):
            pass


def test_a_standby_of_another_server_is_refused(pair: Pair, tmp_path: Path) -> None:
    with server(tmp_path / "other", pair.primary.binaries) as other:
        with refused(TargetError, "it is a replica of another database than the one"):
            with open_snapshot(replace(pair.session, builder=other.target())):
                pass


def test_the_lock_is_the_primarys(pair: Pair) -> None:
    with (
        only_audit(pair.session),
        refused(LockError, "another audit"),
    ):
        pair.books.audit()


def test_a_query_that_replay_has_to_end_is_no_finding(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standby ends queries whose rows the primary has vacuumed away; the exporter too."""
    # How far it is behind is another test's, and a busy machine's.
    monkeypatch.setenv("COUNTERFOIL_REPLICA_LAG_S", "60")
    with pair.standby.connect() as connection, connection.cursor() as cursor:
        cursor.execute("alter system set max_standby_streaming_delay = '100ms'")
        cursor.execute("select pg_reload_conf()")
        try:
            with open_snapshot(pair.session) as snapshot:
                with pair.books.connect() as application, application.cursor() as writing:
                    for _ in range(3):
                        writing.execute("update public.studios set name = name")
                        writing.execute("vacuum freeze public.studios")
                wait_until(lambda: _is_broken(snapshot))
        finally:
            cursor.execute("alter system reset max_standby_streaming_delay")
            cursor.execute("select pg_reload_conf()")
    pair.books.audit()


def _is_broken(snapshot: Snapshot) -> bool:
    try:
        snapshot.check_unbroken()
    except UnavailableError:
        return True
    return False


def test_a_standby_that_was_promoted_is_refused(pair: Pair) -> None:
    """It has the views, the rows of then, and every identifier. Last: it is no standby after."""
    with pair.standby.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select pg_promote()")
    with refused(TargetError, str(pair.auditor), "it is another database than that of target"):
        pair.books.audit()
    with asserting_on_the_primary(pair):
        pair.books.audit()
