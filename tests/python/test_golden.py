"""Both snapshots say exactly what docs/demo.md says of them, and nothing else."""

from collections.abc import Callable

import pytest
from conftest import Database
from shown import shown

from counterfoil.audit.findings import Audit
from counterfoil.audit.score import score, tenant_score
from counterfoil.publish.html import render_html
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.terminal import render_terminal

LONDON = "79cef00c-e163-449c-9f3c-d021fbb4d672"
ORPHAN = "6a570147-57a0-4f50-8b89-f3044b28c4dc"

# competition: total, available, ledger, entries, expected, discrepancy, wrong sign's
OVERNIGHT = {
    "EMPWR Dance - London": (600, 545, -5, 2, 595, -50, -60),
    "EMPWR Dance - St. Catharines #1": (600, 90, -510, 10, 90, 0, -1020),
    "EMPWR Dance - St. Catharines #2": (600, 586, -14, 7, 586, 0, -28),
    "QA Automation Event": (600, 499, -101, 3, 499, 0, -202),
    "EMPWR Dance Championships - St. Catharines 2025": (600, 600, 0, 0, 600, 0, 0),
}
AFTERNOON = OVERNIGHT | {
    "EMPWR Dance - London": (600, 538, -12, 3, 588, -50, -74),
    "EMPWR Dance - St. Catharines #2": (600, 576, -24, 8, 576, 0, -48),
}


@pytest.fixture(scope="module", params=["overnight", "afternoon"])
def snapshot(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def audit(snapshot: str, start_demo: Callable[[str], Database], overnight: Database) -> Audit:
    return (overnight if snapshot == "overnight" else start_demo(snapshot)).audit()


def test_the_only_findings_are_london_and_its_orphan_approval(audit: Audit) -> None:
    found = {
        check.check_id: [finding.key for finding in check.findings]
        for check in audit.checks
        if not check.is_quiet
    }
    assert found == {
        "ledger.balance_matches_entries": [
            {"ledger": "capacity", "balance": "available", "account": LONDON}
        ],
        "ledger.balance_matches_entries_exactly": [
            {"ledger": "capacity", "balance": "available", "account": LONDON}
        ],
        "ledger.hold_has_entry": [{"ledger": "capacity", "holds": "reservations", "hold": ORPHAN}],
    }
    assert audit.status == "critical"


def test_london_is_explained_to_the_token(audit: Audit) -> None:
    (london,) = [row for row in audit.sections["ledger_balances"] if row["account"] == LONDON]
    assert london["certain_amount"] == -50
    assert london["ambiguous_amount"] == london["unexplained_amount"] == 0
    assert london["explanation"] == (
        f"reservation {ORPHAN} has no entry (Dans Dancer, 50 tokens, approved,"
        " 2025-10-28 23:06:28 UTC, before the ledger's epoch: legacy)"
    )


def test_the_competitions_add_up(audit: Audit, snapshot: str) -> None:
    rows = {
        row["account_label"]: (
            row["opening_amount"],
            row["stored_amount"],
            row["entries_amount"],
            row["entry_count"],
            row["expected_amount"],
            row["discrepancy_amount"],
            row["wrong_sign_discrepancy_amount"],
        )
        for row in audit.sections["ledger_balances"]
        if row["is_stored"]
    }
    expected = OVERNIGHT if snapshot == "overnight" else AFTERNOON
    assert {name: rows.pop(name) for name in expected} == expected
    assert list(rows.values()) == [(600, 600, 0, 0, 600, 0, 0)] * 7  # Glow's seven


def test_the_wrong_sign_is_never_a_finding(audit: Audit) -> None:
    messages = [finding.message for check in audit.checks for finding in check.findings]
    assert not any(number in message for message in messages for number in ("-60", "1020", "-74"))


def test_tenants(audit: Audit, snapshot: str) -> None:
    reservations = 14 if snapshot == "overnight" else 16
    assert [
        (row["tenant_label"], row["activity"], row["row_count"], row["rows_by_table"])
        for row in audit.sections["tenants"]
    ] == [
        (
            "EMPWR Dance Experience",
            "active",
            239 + reservations,
            f"dancers 214, competition_entries 17, reservations {reservations}, competitions 5,"
            " studios 3",
        ),
        ("Glow Dance Competition", "new", 7, "competitions 7"),
    ]


def test_no_leaks_orphans_duplicates_or_gaps(audit: Audit) -> None:
    isolation = audit.sections["relationships"]
    assert [f"{row['child_table']} -> {row['parent_table']}" for row in isolation] == [
        "reservations -> studios",
        "reservations -> competitions",
        "competition_entries -> studios",
        "competition_entries -> competitions",
        "competition_entries -> reservations",
        "dancers -> studios",
        "capacity_ledger -> competitions",
        "capacity_ledger -> reservations",
    ]
    counts = {
        "relationships": ["leaked_row_count"],
        "references": ["orphaned_row_count", "unset_row_count", "disagreeing_row_count"],
        "business_keys": ["duplicate_group_count"],
        "required_values": ["incomplete_row_count"],
        "allowed_values": ["invalid_row_count"],
    }
    for section, columns in counts.items():
        assert audit.sections[section], section
        assert all(row["row_count"] > 0 for row in audit.sections[section])
        assert not any(row[column] for row in audit.sections[section] for column in columns)


def test_score(audit: Audit) -> None:
    assert [(line.category, line.status, line.priority) for line in audit.score] == [
        ("Tenant isolation", "pass", "-"),
        ("Referential integrity", "pass", "-"),
        ("Ledgers", "fail", "P0"),
        ("Data completeness", "pass", "-"),
        ("Duplicate detection", "pass", "-"),
    ]


def test_information_is_no_failure(audit: Audit) -> None:
    told = [check.model_copy(update={"severity": "info"}) for check in audit.checks]
    scores = {"score": score(told, {}), "tenant_score": tenant_score(told, {})}
    assert {(line.status, line.priority) for line in scores["tenant_score"]} == {("info", "P2")}
    body = shown(audit.model_copy(update={"checks": told, "status": "passed", **scores}))
    assert "| Ledgers | 🔵 info | P2 |" in render_markdown(body)
    page = render_html(body, links={"json": "", "markdown": "", "all": ""})
    assert '<span class="badge info">' in page.partition('id="score"')[2].partition("</table>")[0]
    assert not any("priority" in str(line) for line in render_terminal(body))


def test_the_snapshot_is_the_declared_one(audit: Audit, snapshot: str) -> None:
    hour = {"overnight": 5, "afternoon": 16}[snapshot]
    assert audit.snapshot_at.isoformat() == f"2025-10-30T{hour:02}:00:00+00:00"


def test_findings_keep_their_fingerprint(audit: Audit, overnight: Database) -> None:
    def fingerprints(of: Audit) -> set[str]:
        return {finding.fingerprint for check in of.checks for finding in check.findings}

    assert fingerprints(audit) == fingerprints(overnight.audit())
