"""The demo's numbers: what each snapshot holds, and what neither does."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from counterfoil import demo

Rows = list[tuple[Any, ...]]
Query = Callable[[str], Rows]

LONDON = "EMPWR Dance - London"
ST_C_1 = "EMPWR Dance - St. Catharines #1"
ST_C_2 = "EMPWR Dance - St. Catharines #2"
QA = "QA Automation Event"
CHAMPIONSHIPS = "EMPWR Dance Championships - St. Catharines 2025"


def by_snapshot(overnight: dict[Any, Any], later: dict[Any, Any]) -> dict[str, dict[Any, Any]]:
    return {"overnight": overnight, "afternoon": overnight | later}


# competition: total, stored available, ledger sum, ledger entries, how far the stored
# balance is off its ledger, and how far report 1's inverted formula takes it to be
BALANCES = by_snapshot(
    {
        LONDON: (600, 545, -5, 2, -50, -60),
        ST_C_1: (600, 90, -510, 10, 0, -1020),
        ST_C_2: (600, 586, -14, 7, 0, -28),
        QA: (600, 499, -101, 3, 0, -202),
        CHAMPIONSHIPS: (600, 600, 0, 0, 0, 0),
    },
    {LONDON: (600, 538, -12, 3, -50, -74), ST_C_2: (600, 576, -24, 8, 0, -48)},
)

# reservation: competition, studio, confirmed, refunded, status, entries
PUBLISHED = by_snapshot(
    {
        "6a570147": (LONDON, "Dans Dancer", 50, None, "approved", 0),
        "9bfcc05f": (LONDON, "Dancertons", 150, 145, "summarized", 5),
        "077ef6f4": (ST_C_1, "asd", 500, None, "approved", 2),
        "b72d46fd": (ST_C_1, "asd", 5, None, "approved", 0),
        "8d8049b6": (ST_C_1, "Dancertons", 100, 99, "summarized", 1),
        "da874b84": (ST_C_1, "Dancertons", 150, 148, "summarized", 2),
        "1869dc53": (ST_C_1, "Dans Dancer", 180, 179, "summarized", 1),
        "a41faa50": (ST_C_1, "Dans Dancer", 150, 149, "summarized", 1),
        "57536574": (ST_C_2, "asd", 10, None, "approved", 0),
    },
    {
        "fea43bcd": (LONDON, "Dancertons", 7, None, "approved", 0),
        "e76cb525": (ST_C_2, "Dancertons", 10, None, "approved", 0),
    },
)
# competition, confirmed, refunded, status, entries
UNPUBLISHED = {
    (ST_C_2, 20, 19, "summarized", 1),
    (ST_C_2, 30, 29, "summarized", 1),
    (ST_C_2, 12, 10, "summarized", 2),
    (QA, 100, None, "approved", 0),
    (QA, 50, 49, "summarized", 1),
}

# The last ledger entries, in order: reservation, reason, published minute (UTC).
LEDGER_ENDS = [
    ("8d8049b6", "reservation_approval", "2025-10-29 15:27"),
    ("8d8049b6", "summary_refund", "2025-10-29 15:34"),
    ("9bfcc05f", "reservation_approval", "2025-10-29 16:01"),
    ("b72d46fd", "reservation_approval", "2025-10-29 19:43"),
    ("077ef6f4", "reservation_approval", "2025-10-29 19:43"),
    ("57536574", "reservation_approval", "2025-10-29 19:43"),
    ("9bfcc05f", "summary_refund", "2025-10-30 04:51"),
]
LEDGER_ENDS_LATER = [
    ("e76cb525", "reservation_approval", "2025-10-30 05:29"),
    ("fea43bcd", "reservation_approval", "2025-10-30 05:29"),
]

BALANCE = """
    select
        name, total, stored, moved, entries, stored - (total + moved), stored - (total - moved)
    from (
        select
            competitions.name, total_reservation_tokens, available_reservation_tokens,
            coalesce(sum(change_amount), 0)::int, count(capacity_ledger.id)
        from competitions
        join tenants on competitions.tenant_id = tenants.id
        left join capacity_ledger on competitions.id = capacity_ledger.competition_id
        where subdomain = '{}'
        group by competitions.id
    ) as balances (name, total, stored, moved, entries)
"""
RESERVATIONS = """
    select
        left(reservations.id::text, 8) as id, competitions.name as competition,
        studios.name as studio, spaces_confirmed as confirmed,
        (
            select sum(change_amount)::int from capacity_ledger
            where reservation_id = reservations.id and reason = 'summary_refund'
        ) as refunded,
        status,
        (
            select count(*) from competition_entries where reservation_id = reservations.id
        ) as entries
    from reservations
    join competitions on reservations.competition_id = competitions.id
    join studios on reservations.studio_id = studios.id
"""
LEDGER = """
    select left(reservation_id::text, 8), reason, to_char(created_at, 'YYYY-MM-DD HH24:MI')
    from capacity_ledger
    order by created_at
"""
REFERENCES = """
    select conrelid::regclass::text, attname, confrelid::regclass::text
    from pg_constraint
    join pg_attribute on conrelid = attrelid and conkey[1] = attnum
    where contype = 'f' and confrelid <> 'tenants'::regclass
"""

# What both snapshots say alike.
ANSWERS: dict[str, tuple[str, Rows]] = {
    "published ids": (
        "select id::text, name from tenants where subdomain = 'empwr'"
        " union all"
        f" select id::text, name from competitions where name in ('{LONDON}', '{ST_C_1}')"
        " order by 1",
        [
            ("00000000-0000-0000-0000-000000000001", "EMPWR Dance Experience"),
            ("05c0eae4-cb2f-44cc-9c5e-6b2eed700904", ST_C_1),
            ("79cef00c-e163-449c-9f3c-d021fbb4d672", LONDON),
        ],
    ),
    "the legacy approval": (
        "select spaces_confirmed, approved_at from reservations"
        " where id = '6a570147-57a0-4f50-8b89-f3044b28c4dc'",
        [(50, datetime(2025, 10, 28, 23, 6, 28, tzinfo=UTC))],
    ),
    "only that one precedes the ledger": (
        "select left(id::text, 8) from reservations where approved_at < '2025-10-29 00:12Z'",
        [("6a570147",)],
    ),
    "only that one is without its entry, of its amount and instant": (
        """
        select left(reservations.id::text, 8), count(capacity_ledger.id)
        from reservations
        left join capacity_ledger
            on reservations.id = reservation_id and reason = 'reservation_approval'
        group by reservations.id
        having count(capacity_ledger.id) <> 1 or not coalesce(bool_and(
            change_amount = -spaces_confirmed
            and capacity_ledger.created_at = approved_at
            and capacity_ledger.created_by = approved_by
            and capacity_ledger.tenant_id = reservations.tenant_id
            and capacity_ledger.competition_id = reservations.competition_id
        ), false)
        """,
        [("6a570147", 0)],
    ),
    "studios": (
        "select count(distinct name) from studios"
        " where name in ('Dancertons', 'Dans Dancer', 'asd')",
        [(3,)],
    ),
    "dancers": (
        "select count(*), count(distinct (first_name, last_name)), count(date_of_birth),"
        " count(distinct studio_id) from dancers",
        [(214, 214, 214, 3)],
    ),
    "entries": (
        "select count(*), count(category_id), count(distinct (competition_id, studio_id, title))"
        " from competition_entries",
        [(17, 17, 17)],
    ),
    "refunds": ("select count(*) from capacity_ledger where reason = 'summary_refund'", [(9,)]),
    "nullable columns": (
        "select string_agg(table_name || '.' || column_name, ' ' order by table_name, column_name)"
        " from information_schema.columns"
        " where table_schema = 'public' and is_nullable = 'YES' and table_name not like '\\_%'",
        [
            (
                "capacity_ledger.created_by capacity_ledger.reservation_id"
                " competition_entries.category_id dancers.date_of_birth"
                " reservations.approved_at reservations.approved_by reservations.spaces_confirmed",
            )
        ],
    ),
}

# What neither snapshot holds.
ABSENT = {
    "a reservation confirmed otherwise than requested, or by nobody": """
        select id from reservations
        where spaces_requested is distinct from spaces_confirmed or approved_by is null
    """,
    "a summary that does not keep what was used": f"""
        select id from ({RESERVATIONS}) as reservations
        where case
            when status = 'summarized' then entries is distinct from confirmed - refunded
            else refunded is not null
        end
    """,
    "ledger entries within five seconds of each other": """
        select 1 from capacity_ledger as one join capacity_ledger as other on one.id < other.id
        where abs(extract(epoch from one.created_at - other.created_at)) <= 5
    """,
    "a refund before its approval": """
        select 1 from capacity_ledger left join reservations on reservation_id = reservations.id
        where reason = 'summary_refund' and (capacity_ledger.created_at > approved_at) is not true
    """,
    "a row created before its parents": """
        select reservations.id
        from reservations
        join competitions on reservations.competition_id = competitions.id
        join studios on reservations.studio_id = studios.id
        join tenants on reservations.tenant_id = tenants.id
        where not (
            tenants.created_at < least(studios.created_at, competitions.created_at)
            and greatest(studios.created_at, competitions.created_at) < reservations.created_at
            and reservations.created_at < approved_at
        )
    """,
    "an entry not between approval and refund": """
        select competition_entries.id
        from competition_entries
        join reservations on competition_entries.reservation_id = reservations.id
        left join capacity_ledger
            on reservations.id = capacity_ledger.reservation_id and reason = 'summary_refund'
        where
            competition_entries.created_at <= approved_at
            or competition_entries.created_at >= capacity_ledger.created_at
            or competition_entries.created_at >= '2025-10-30 04:51Z'
    """,
    "a row created after the snapshot": """
        select at
        from (
            select created_at as at from tenants
            union all select created_at from dancers
            union all select created_at from reservations
            union all select created_at from capacity_ledger
        ) as created
        where at >= current_setting('counterfoil.as_of')::timestamptz
    """,
    "a balance below zero or above the total": """
        select 1
        from (
            select sum(change_amount) over (partition by competition_id order by created_at)
            from capacity_ledger
        ) as running (balance)
        where balance not between -600 and 0
    """,
    "an entry elsewhere than its reservation": """
        select 1 from competition_entries as entries
        join reservations on reservation_id = reservations.id
        where (entries.competition_id, entries.studio_id)
            <> (reservations.competition_id, reservations.studio_id)
    """,
    "a foreign key without an index": """
        select conname from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
            select from pg_index where indrelid = conrelid and indkey[0] = conkey[1]
        )
    """,
}


def run(url: str, statement: str) -> Rows:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("demo")
    demo.start(directory)
    yield directory
    demo.stop(directory)


@pytest.fixture(params=list(demo.SNAPSHOTS))
def snapshot(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def query(data_dir: Path, snapshot: str) -> Query:
    url = demo.load(data_dir, snapshot)
    return lambda statement: run(url, statement)


@pytest.mark.parametrize(("statement", "rows"), ANSWERS.values(), ids=ANSWERS)
def test_both_say(query: Query, statement: str, rows: Rows) -> None:
    assert query(statement) == rows


@pytest.mark.parametrize("statement", ABSENT.values(), ids=ABSENT)
def test_neither_holds(query: Query, statement: str) -> None:
    assert query(statement) == []


def test_tenant_overview(snapshot: str, query: Query) -> None:
    tables = ("studios", "dancers", "reservations", "competition_entries", "competitions")
    counts = (f"(select count(*) from {table} where tenant_id = tenants.id)" for table in tables)
    reservations = {"overnight": 14, "afternoon": 16}[snapshot]
    assert query(f"select name, subdomain, {', '.join(counts)} from tenants order by id") == [
        ("EMPWR Dance Experience", "empwr", 3, 214, reservations, 17, 5),
        ("Glow Dance Competition", "glow", 0, 0, 0, 0, 7),
    ]


def test_balances(snapshot: str, query: Query) -> None:
    assert {row[0]: row[1:] for row in query(BALANCE.format("empwr"))} == BALANCES[snapshot]
    glow = {row[0]: row[1:] for row in query(BALANCE.format("glow"))}
    assert list(glow.values()) == [(600, 600, 0, 0, 0, 0)] * 7


def test_reservations(snapshot: str, query: Query) -> None:
    rows = {row[0]: row[1:] for row in query(RESERVATIONS)}
    assert {key: rows.pop(key) for key in PUBLISHED[snapshot]} == PUBLISHED[snapshot]
    assert len(rows) == len(UNPUBLISHED)
    assert {row[:1] + row[2:] for row in rows.values()} == UNPUBLISHED


def test_ledger(snapshot: str, query: Query) -> None:
    rows = query(LEDGER)
    ends = LEDGER_ENDS + (LEDGER_ENDS_LATER if snapshot == "afternoon" else [])
    assert rows[-len(ends) :] == ends
    assert all("2025-10-29 00:12" < at < ends[0][2] for *_, at in rows[: -len(ends)])
    assert len({row[:2] for row in rows}) == len(rows)


def test_no_reference_leaves_its_tenant(query: Query) -> None:
    references = query(REFERENCES)
    assert len(references) == 8
    for child, column, parent in references:
        leaked = f"select child.id from {child} child join {parent} parent on {column} = parent.id"
        assert query(f"{leaked} where child.tenant_id <> parent.tenant_id") == []
