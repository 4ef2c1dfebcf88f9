"""The demo's snapshots: how they are loaded, and what a load leaves alone."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from conftest import ROOT

from counterfoil import demo
from counterfoil.common.errors import DemoError
from counterfoil.demo import snapshots
from counterfoil.history.tables import _MIGRATIONS as MIGRATIONS

AVAILABLE = "select available_reservation_tokens from {} where name = 'EMPWR Dance - London'"
CHANGE = "update competitions set available_reservation_tokens = 1"

# A closed day, by the columns of its table in their order.
DAY = "'empwr', '2025-10-28', now(), 'capacity', 'capacity_ledger'"


def run(url: str, statement: str) -> Any:
    """Execute one statement, commit, and return the first value of its row, if it has one."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        [(value,)] = cursor.fetchall() if cursor.description else [(None,)]
    return value


def available(url: str, table: str = "competitions") -> int:
    return int(run(url, AVAILABLE.format(table)))


def declared(url: str) -> str:
    return str(run(url, "show counterfoil.as_of"))


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("demo")
    demo.start(directory)
    yield directory
    demo.stop(directory)


@pytest.fixture
def url(data_dir: Path) -> str:
    """The database with the overnight snapshot, the default, as it was made."""
    return demo.load(data_dir)


@pytest.mark.parametrize("snapshot", demo.SNAPSHOTS)
def test_as_of_is_declared(snapshot: str, data_dir: Path) -> None:
    as_of = declared(demo.load(data_dir, snapshot))
    assert datetime.fromisoformat(as_of) == demo.SNAPSHOTS[snapshot].as_of


def test_the_default_is_overnight(data_dir: Path) -> None:
    demo.load(data_dir, "afternoon")
    url = demo.load(data_dir)
    assert (available(url), declared(url)) == (545, "2025-10-30T05:00:00Z")


@pytest.mark.parametrize(
    ("loaded", "started", "tokens"),
    [
        ("overnight", None, 1),
        ("overnight", "overnight", 1),
        ("overnight", "afternoon", 538),
        ("afternoon", None, 1),
        ("afternoon", "overnight", 545),
    ],
)
def test_start_loads_only_another_snapshot(
    data_dir: Path, loaded: str, started: str | None, tokens: int
) -> None:
    url = demo.load(data_dir, loaded)
    run(url, CHANGE)
    assert demo.start(data_dir, started) == url
    assert available(url) == tokens


def test_load_resets_what_a_user_changed(data_dir: Path, url: str) -> None:
    run(url, CHANGE)
    assert demo.load(data_dir, "overnight") == url
    assert available(url) == 545


def test_views_on_top_survive_a_load(data_dir: Path, url: str) -> None:
    run(url, "create schema analyst create view stored as select * from public.competitions")
    try:
        demo.load(data_dir, "afternoon")
        assert available(url, "analyst.stored") == 538
    finally:
        run(url, "drop schema analyst cascade")


def test_what_audits_found_is_forgotten_if_asked(data_dir: Path, url: str) -> None:
    """And not which views stand, nor of which version the history is."""
    run(url, "create schema counterfoil_history")
    try:
        path = "set search_path to counterfoil_history;"
        for migration in sorted(MIGRATIONS.glob("*.sql")):
            run(url, path + migration.read_text())
        run(url, f"{path} create table schema_migrations as select 4 as version")
        run(url, f"{path} insert into built_views values ('view', 180000, '')")
        run(url, f"{path} insert into closed_through values ({DAY})")
        closed, built, version = (
            f"select count(*) from counterfoil_history.{table}"
            for table in ("closed_through", "built_views", "schema_migrations")
        )
        demo.load(data_dir)
        assert (run(url, closed), run(url, built), run(url, version)) == (1, 1, 1)
        demo.load(data_dir, with_history=True)
        assert (run(url, closed), run(url, built), run(url, version)) == (0, 1, 1)
    finally:
        run(url, "drop schema counterfoil_history cascade")


def test_a_reader_keeps_the_rows_of_its_instant(data_dir: Path, url: str) -> None:
    with closing(psycopg2.connect(url)) as reader, reader.cursor() as cursor:
        reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor.execute("select now()")
        demo.load(data_dir, "afternoon")
        cursor.execute(AVAILABLE.format("competitions"))
        assert cursor.fetchall() == [(545,)]
        cursor.execute("select count(*) from capacity_ledger")
        assert cursor.fetchall() == [(22,)]
    assert available(url) == 538


def test_a_writer_is_waited_for(data_dir: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_LOCK_TIMEOUT", "50ms")
    with closing(psycopg2.connect(url)) as writer, writer.cursor() as cursor:
        cursor.execute("insert into tenants (name, subdomain) values ('mine', 'mine')")
        with pytest.raises(DemoError, match="another session has held the demo's tables"):
            demo.load(data_dir)
    demo.load(data_dir)


def test_a_failed_load_changes_nothing(data_dir: Path, url: str) -> None:
    run(
        url,
        "alter table capacity_ledger"
        " add constraint none_later check (created_at < '2025-10-30 05:00:00Z')",
    )
    try:
        with pytest.raises(DemoError, match="none_later") as caught:
            demo.load(data_dir, "afternoon")
        assert "\n" not in str(caught.value)
        assert (available(url), declared(url)) == (545, "2025-10-30T05:00:00Z")
    finally:
        run(url, "alter table capacity_ledger drop constraint none_later")


def test_a_missing_table_is_named(data_dir: Path, url: str) -> None:
    run(url, "alter table capacity_ledger rename to mislaid")
    try:
        with pytest.raises(DemoError, match="capacity_ledger no longer exist"):
            demo.load(data_dir)
    finally:
        run(url, "alter table mislaid rename to capacity_ledger")


@pytest.mark.parametrize("action", [demo.start, demo.load])
def test_unknown_snapshot(action: Callable[[Path, str], str], tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"'noon'.*overnight, afternoon") as caught:
        action(tmp_path, "noon")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_load_needs_a_running_server(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="is not running"):
        demo.load(tmp_path)


def test_none_of_its_names_is_the_products() -> None:
    """Any application is audited like it: but for what is renamed in a history of its time."""
    schema = (ROOT / "demo" / "empwr" / "schema.sql").read_text(encoding="utf-8")
    names = {*re.findall(r"^(?:create table |    )(\w+) (?:\(|[a-z]+\b)", schema, re.MULTILINE)}
    assert {"capacity_ledger", "spaces_confirmed"} <= names
    # The product's own words.
    names -= {"tenants", "id", "tenant_id", "name", "status", "title", "created_at"}
    names -= {"change_amount", "reason", "constraint"}
    files = [
        file
        for folder in ("counterfoil", "models", "macros", "expectations")
        for file in (ROOT / folder).rglob("*.*")
        if file.suffix in (".py", ".sql", ".yml", ".j2")
        and file.parent != MIGRATIONS
        and file.name != "renamed_checks.yml"
    ]
    found = {
        (file.name, word)
        for file in files
        for word in names & {*re.findall(r"\w+", file.read_text(encoding="utf-8"))}
    }
    assert not found
