"""What an audit takes from a production server, and what it leaves: little, and nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import psycopg2
import pytest
from conftest import ROOT, Database
from refusals import refused
from waiting import wait_until
from walls import Walled, found, walled

from counterfoil.common.errors import BuildError, LockError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.connection import connect
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.lock import only_audit
from counterfoil.postgres.session import Session
from counterfoil.views.build import drop_views


@pytest.fixture(scope="module")
def books(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    """A database behind walls, of which one audit has been made."""
    folder = tmp_path_factory.mktemp("harmless")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        with walled(overnight.plan.session.builder, "harmless", folder) as books:
            books.make_views()
            books.audit()
            yield books


def sessions(books: Walled) -> int:
    """How many there are of the audit's, dbt's among them."""
    with books.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and usename in (%s, %s)",
            (books.builder.user, books.auditor.user),
        )
        (count,) = cursor.fetchone() or (0,)
        return int(count)


# Its sessions.


def test_the_servers_own_timeouts_do_not_end_an_audit(books: Walled) -> None:
    """They are for forgotten sessions; an exporter idles for as long as the suites run."""
    timeouts = [
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "statement_timeout",
        "lock_timeout",
    ]
    with books.connect() as connection, connection.cursor() as cursor:
        cursor.execute("show server_version_num")
        (version,) = cursor.fetchone() or ("0",)
        if int(version) >= 170_000:
            timeouts.append("transaction_timeout")
        expected = found(books.audit())
        for timeout in timeouts:
            cursor.execute(f"alter database harmless set {timeout} = '20ms'")
        try:
            assert found(books.audit()) == expected
        finally:
            for timeout in timeouts:
                cursor.execute(f"alter database harmless reset {timeout}")


def test_every_bound_is_a_setting(books: Walled) -> None:
    settings = Settings(
        statement_timeout_s=11, lock_timeout_s=12, idle_timeout_s=61, work_mem_mb=14
    )
    with closing(connect(books.auditor, settings)) as session, session.cursor() as cursor:
        for name, value in {
            "statement_timeout": "11s",
            "lock_timeout": "12s",
            "idle_in_transaction_session_timeout": "61s",
            "work_mem": "14MB",
            "client_connection_check_interval": "5s",
            "max_parallel_workers_per_gather": "0",
            "application_name": "counterfoil",
        }.items():
            cursor.execute(f"show {name}")
            assert cursor.fetchone() == (value,), name


@contextmanager
def watched(books: Walled) -> Iterator[list[int]]:
    """How many sessions there are, again and again while in the block; none after it."""
    seen: list[int] = []
    over = Event()

    def watch() -> None:
        while not over.is_set():
            seen.append(sessions(books))
            time.sleep(0.01)

    watching = Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()
    wait_until(lambda: sessions(books) == 0)


def test_an_audit_takes_five_connections_at_most(books: Walled) -> None:
    with watched(books) as seen:
        books.audit()
    assert 3 <= max(seen) <= 5, max(seen)


def test_a_build_waits_for_no_lock_longer_than_it_is_allowed(
    books: Walled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a table's lock makes everybody behind it wait."""
    monkeypatch.setenv("COUNTERFOIL_LOCK_TIMEOUT_S", "1")
    plan = make_plan(books.builder.name, None, Settings())
    drop_views(Session.alone(books.builder, Settings()))
    with books.connect() as application, application.cursor() as cursor:
        cursor.execute("begin; lock table public.reservations in access exclusive mode")
        with refused(UnavailableError, "lock timeout"):
            build_views(plan)
        cursor.execute("rollback")
    drop_views(Session.alone(books.builder, Settings()))
    books.make_views()
    books.audit()


KILLED = """
import sys
from contextlib import closing
from counterfoil.postgres.connection import connect
from counterfoil.postgres.profiles import load_targets
from counterfoil.common.settings import Settings
settings = Settings()
builder, _ = load_targets("harmless", settings.project_dir)
with closing(connect(builder, settings)) as connection, connection.cursor() as cursor:
    print("asking", flush=True)
    cursor.execute("select pg_sleep(600)")
"""


def test_the_query_of_a_killed_audit_ends(books: Walled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERFOIL_CLIENT_CHECK_S", "1")
    wait_until(lambda: sessions(books) == 0)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, cwd=ROOT, env=os.environ
    )
    assert process.stdout is not None
    process.stdout.readline()
    wait_until(lambda: sessions(books) == 1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: sessions(books) == 0, seconds=10)


def test_nothing_it_sees_is_of_the_future(books: Walled) -> None:
    """A row that was committed before the snapshot, by a clock that was read after its start."""
    with books.connect() as connection, connection.cursor() as cursor:
        cursor.execute("alter database harmless reset counterfoil.as_of")
        try:
            with open_snapshot(Session.alone(books.auditor, Settings())) as snapshot:
                cursor.execute("select clock_timestamp() >= %s", (snapshot.as_of,))
                assert cursor.fetchone() == (True,)
                with snapshot.exporter.cursor() as exporter:
                    exporter.execute("select %s > transaction_timestamp()", (snapshot.as_of,))
                    assert exporter.fetchone() == (True,)
        finally:
            cursor.execute("alter database harmless set counterfoil.as_of = '2025-10-30T05:00:00Z'")


# One audit at a time.


def test_two_audits_of_one_database_are_kept_apart(books: Walled) -> None:
    settings = Settings()
    with only_audit(Session.alone(books.builder, settings)):
        with refused(LockError, "another audit of this database runs since 20", "Let it end"):
            books.audit()
        elsewhere = books.builder.model_copy(
            update={"dbname": "postgres", "user": books.superuser.user}
        )
        with only_audit(Session.alone(elsewhere, settings)):
            pass
    books.audit()


def test_a_lost_lock_is_not_held_for_ever(books: Walled) -> None:
    with (
        only_audit(Session.alone(books.builder, Settings())),
        books.connect() as superuser,
        superuser.cursor() as cursor,
    ):
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory'"
        )
        books.audit()


# Views: theirs stay, ours go when they have to.


def test_nothing_is_rebuilt_when_nothing_has_changed(books: Walled) -> None:
    def relations() -> list[tuple[object, ...]]:
        with books.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "select oid, xmin::text, relname from pg_class"
                " where relnamespace::regnamespace::text like 'counterfoil%' order by oid"
            )
            return cursor.fetchall()

    books.audit()
    before = relations()
    assert before
    books.audit()
    assert relations() == before


def test_the_application_may_change_columns_that_no_view_uses(books: Walled) -> None:
    with books.connect() as application, application.cursor() as cursor:
        for change in (
            "alter table public.dancers drop column created_at",
            "alter table public.dancers add column created_at timestamptz not null default now()",
            "alter table public.studios alter column created_at type timestamp",
            "alter table public.studios alter column created_at type timestamptz",
        ):
            cursor.execute(change)
        cursor.execute("alter table public.studios alter column created_at set default now()")
    books.audit()


def test_views_are_dropped_for_a_migration_and_return_the_next_night(books: Walled) -> None:
    expected = found(books.audit())
    change = "alter table public.capacity_ledger alter column change_amount type {}"
    with books.connect() as application, application.cursor() as cursor:
        with pytest.raises(psycopg2.errors.FeatureNotSupported):
            cursor.execute(change.format("bigint"))
        assert drop_views(Session.alone(books.builder, Settings())) > 30
        cursor.execute(change.format("bigint"))
        try:
            assert found(books.audit()) == expected
        finally:
            drop_views(Session.alone(books.builder, Settings()))
            cursor.execute(change.format("int"))
    books.make_views()
    assert found(books.audit()) == expected


def test_views_that_a_migration_dropped_return_the_next_night(books: Walled) -> None:
    """Built on two connections more than an audit has, which are dbt's threads."""
    expected = found(books.audit())
    with books.connect() as application, application.cursor() as cursor:
        cursor.execute("drop view counterfoil.ledger_balances cascade")
    with watched(books) as seen:
        assert found(books.audit()) == expected
    assert max(seen) <= 7, max(seen)


def test_views_that_others_use_are_not_dropped(books: Walled) -> None:
    books.audit()
    with books.connect() as analyst, analyst.cursor() as cursor:
        cursor.execute('create view public."An analyst\'s" as select * from counterfoil.uniqueness')
        try:
            with refused(BuildError, "these depend on our views: public.An analyst's"):
                drop_views(Session.alone(books.builder, Settings()))
            cursor.execute('select from public."An analyst\'s"')
        finally:
            cursor.execute('drop view public."An analyst\'s"')
    assert drop_views(Session.alone(books.builder, Settings())) > 30
    assert drop_views(Session.alone(books.builder, Settings())) == 0
