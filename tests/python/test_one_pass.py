"""What an audit asks of the database, read from the server's own statement log."""

import re
from collections import Counter

import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812


@pytest.fixture
def statements(overnight: Database, superuser: Connection) -> list[str]:
    """What one audit of the overnight snapshot sent, in order."""
    with superuser.cursor() as cursor:
        cursor.execute("alter database empwr set log_statement = 'all'")
    start = overnight.server_log.stat().st_size
    try:
        overnight.audit()
    finally:
        with superuser.cursor() as cursor:
            cursor.execute("alter database empwr reset log_statement")
    with overnight.server_log.open() as log:
        log.seek(start)
        text = log.read()
    return [
        " ".join(statement.split())
        for statement in re.split(r"^\S+ \S+ \S+ \[\d+\] \w+:  (?:statement: )?", text, flags=re.M)
    ]


def reading(statements: list[str], view: str) -> list[str]:
    return [line for line in statements if re.search(rf"\bfrom {view}\b", line, flags=re.I)]


def test_all_column_expectations_of_a_view_cost_one_select(
    overnight: Database, statements: list[str]
) -> None:
    for suite in overnight.plan.scope.suites:
        if suite.is_summary:
            continue
        of_ledger = f"WHERE {suite.condition})" if suite.ledger else ""
        bundles = [
            line
            for line in reading(statements, suite.relation)
            if "unexpected_count" in line and of_ledger in line
        ]
        assert len(bundles) == 1, suite.name
        for check in suite.checks:
            column = check.expectation.column
            assert f"WHEN ({column} IS NOT NULL AND" in bundles[0]
            assert f"WHEN ({column} IS NULL)" in bundles[0]


def test_a_summary_is_read_once(overnight: Database, statements: list[str]) -> None:
    for suite in overnight.plan.scope.suites:
        if suite.is_summary:
            assert len(reading(statements, suite.relation)) == 1, suite.relation


def test_evidence_is_fetched_for_failing_checks_only(statements: list[str]) -> None:
    fetched = [line for line in statements if "finding_count" in line]
    assert Counter(
        re.search(r"from (\w+)", line.lower().split(") as (", 1)[1])[1] for line in fetched
    ) == {
        "ledger_balances": 2,
        "ledger_holds": 1,
    }
    assert all(line.count("limit 100)") == 2 for line in fetched), "waived, and not"
