"""One ledger of five that cannot be read, or whose table was emptied: the others are judged,
published and remembered as ever.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from applications import execute, kept, night
from conftest import Database
from shown import shown

from counterfoil.audit.findings import Audit
from counterfoil.postgres.profiles import Target
from counterfoil.publish.markdown import render_markdown

# By number; names that are no identifiers.
LEDGERS = ("points", "it's 50 % off: cards", 'the "old" {books}', "a\\b", "Überschuß")
BAD = LEDGERS[1]
MATCHES = "ledger.balance_matches_entries"
CLOSED = "ledger.closed_days_unchanged"

TABLES = """
    create table accounts_{0} (id int primary key, balance bigint not null);
    create table entries_{0} (
        id int primary key,
        account_id int not null,
        amount text not null,
        created_at timestamptz not null default '2025-01-01 12:00Z'
    );
    insert into accounts_{0} values (1, 30), (2, 5);
    insert into entries_{0} values (1, 1, '10'), (2, 1, '20'), (3, 2, '4');
"""


def ledger(number: int) -> dict[str, Any]:
    return {
        "words": {"unit": f"unit {number}"},
        "days_close_after": "24 hours",
        "accounts": {"table": f"accounts_{number}", "key": "id"},
        "balances": {"balance": {"stored": "balance", "sum": ["entries"], "min": 0}},
        "entries": {
            "entries": {
                "table": f"entries_{number}",
                "key": "id",
                "account": "account_id",
                "amount": f"entries_{number}.amount::bigint",
                "at": "created_at",
            }
        },
    }


CONTRACT = {
    "database": "books",
    "schema": "public",
    "packs": ["integrity", "ledger"],
    "tables": {
        f"{table}_{number}": {"key": "id", "in_use": True}
        for number in range(5)
        for table in ("accounts", "entries")
    },
    "ledgers": {name: ledger(number) for number, name in enumerate(LEDGERS)},
}


@pytest.fixture(scope="module")
def books(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Five ledgers, in each of which one account is off by one."""
    schema = "".join(TABLES.format(number) for number in range(5))
    folder = tmp_path_factory.mktemp("books")
    server = shared.plan.session.builder
    with kept(
        server, "books", schema, yaml.safe_dump(CONTRACT, allow_unicode=True), folder
    ) as target:
        yield target


def by_ledger(audit: Audit, check_id: str) -> dict[str | None, tuple[str, int]]:
    return {
        check.ledger: (check.status, check.finding_count)
        for check in audit.checks
        if check.check_id == check_id
    }


def test_each_is_judged_and_remembered_by_itself(books: Target) -> None:
    first = night(books, "first")
    assert by_ledger(first, MATCHES) == dict.fromkeys(LEDGERS, ("fail", 1))
    assert first.history is not None
    assert len(first.history.incidents) == 2 * len(LEDGERS)

    execute(books, "insert into entries_1 values (4, 2, 'one')")
    second = night(books, "second")
    others = [name for name in LEDGERS if name != BAD]
    expected = {**dict.fromkeys(others, ("fail", 1)), BAD: ("error", 0)}
    assert by_ledger(second, MATCHES) == expected
    assert by_ledger(second, CLOSED) == {**dict.fromkeys(others, ("pass", 0)), BAD: ("error", 0)}
    assert second.status == "error"
    text = render_markdown(shown(second))
    assert f"{MATCHES} ({BAD})" in text
    assert "invalid text representation" in text
    assert [name for name in LEDGERS if f"Ledger {name}" not in text] == []
    assert text.count("Its balances cannot be judged: ") == 1

    # Nothing was judged of it, so nothing of it is resolved; one of another is.
    execute(books, "update accounts_0 set balance = 4 where id = 2")
    third = night(books, "third")
    assert third.history is not None
    assert {(one.change, one.incident.ledger) for one in third.history.changes} == {
        ("resolved", "points")
    }
    assert {one.ledger for one in third.history.incidents} == {*LEDGERS} - {"points"}

    execute(books, "delete from entries_1 where id = 4")
    fourth = night(books, "fourth")
    assert fourth.history is not None
    assert fourth.history.changes == []
    assert by_ledger(fourth, CLOSED) == dict.fromkeys(LEDGERS, ("pass", 0))
    trend = fourth.history.trends[f"{MATCHES} ({BAD})"]
    assert [point.status for point in trend] == ["fail", "error", "error", "fail"]


def test_a_closed_day_of_one_changes(books: Target) -> None:
    execute(books, "update entries_3 set amount = '5' where id = 3")
    audit = night(books, "changed")
    expected = {**dict.fromkeys(LEDGERS, ("pass", 0)), LEDGERS[3]: ("fail", 1)}
    assert by_ledger(audit, CLOSED) == expected


def test_the_entries_of_one_are_gone(books: Target) -> None:
    execute(books, "delete from entries_4")
    audit = night(books, "emptied")
    statuses = {name: status for name, (status, _) in by_ledger(audit, MATCHES).items()}
    assert statuses == {
        "points": "pass",
        BAD: "fail",
        LEDGERS[2]: "fail",
        LEDGERS[3]: "pass",
        LEDGERS[4]: "unknown",
    }
    assert audit.status == "critical"
