"""Several faults in one night: none of them hides another, and each shows its rows."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from conftest import Database
from hypothesis import given
from hypothesis import strategies as st
from shown import shown

from counterfoil.audit.findings import Audit, CheckResult, Incident
from counterfoil.postgres.instant import OpenTransaction
from counterfoil.publish.groups import Group, groups
from counterfoil.publish.headlines import headlines
from counterfoil.publish.html import render_html
from counterfoil.publish.listing import cut
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.statements import statement
from counterfoil.suites.severities import WORST_FIRST, Severity

MISSING = "00000000-0000-0000-0001-0000000000ff"
FAULTS = (
    # A studio that is not there, of all dancers; a row of another tenant; a status that nobody
    # knows; the same entry twice; a balance that nothing explains.
    f"update public.dancers set studio_id = '{MISSING}'",
    "update public.capacity_ledger set tenant_id = '00000000-0000-0000-0000-000000000002'"
    " where id = '00000000-0000-0000-0006-000000000022'",
    "update public.reservations set status = 'aproved'"
    " where id in (select id from public.reservations order by id limit 6)",
    "insert into public.competition_entries select (jsonb_populate_record(entries,"
    " jsonb_build_object('id', '00000000-0000-0000-0005-0000000000ff'))).*"
    " from public.competition_entries as entries order by entries.id limit 1",
    "update public.competitions set available_reservation_tokens = 601"
    " where id = '00000000-0000-0000-0003-000000000005'",
)
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def broken(overnight: Database, transaction: OpenTransaction) -> Audit:
    with transaction.connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        for fault in FAULTS:
            cursor.execute(fault)
    return overnight.audit(transaction)


def followed(audit: Audit) -> Sequence[Incident]:
    """Its findings as a history would have them."""
    return [
        incident_of(check.check_id, finding.severity, number, finding.subject, finding.size)
        for check in audit.checks
        for number, finding in enumerate(check.findings)
    ]


def incident_of(
    check_id: str,
    severity: Severity,
    number: int,
    subject: str | None = None,
    size: float | None = None,
) -> Incident:
    return Incident(
        incident_id=number,
        check_id=check_id,
        fingerprint=f"{check_id} {number}",
        status="open",
        severity=severity,
        owner="data",
        tenant_id=None,
        subject=subject,
        key={"id": str(number)},
        message=f"{check_id} says {number}",
        first_seen_at=AT,
        opened_at=AT,
        last_seen_at=AT,
        clean_before=None,
        resolved_at=None,
        reopened_count=0,
        first_size=size,
        size=size,
        worst_size=size,
    )


def test_each_check_is_heard_of_and_rows_of_one_cause_are_one_group(broken: Audit) -> None:
    failing = {check.check_id for check in broken.checks if check.status == "fail"}
    assert failing >= {
        "integrity.references_resolve",
        "tenancy.references_stay_in_tenant",
        "integrity.values_allowed",
        "integrity.no_duplicates",
        "ledger.balance_matches_entries",
    }
    told = groups(followed(broken))
    assert len(told) == 6
    assert {check for group in told for check in group.checks} == failing
    sizes = {group.check: group.others for group in told}
    assert sizes["integrity.values_allowed"] == 5
    assert sizes["integrity.references_resolve"] == 99


def test_what_many_rows_share_is_told_of_all_of_them(broken: Audit) -> None:
    told = [line.told for line in headlines(broken, most=10)]
    assert "100 rows reference studios …000000ff, which is not there" in told
    assert "6 reservations have status 'aproved', which is not allowed" in told
    leaving = "2 references of capacity_ledger …00000022 leave tenant Glow Dance Competition"
    assert leaving in told
    assert leaving.replace("_", r"\_") in render_markdown(shown(broken))


def test_its_statement_returns_the_rows_of_a_check_and_of_a_group(
    broken: Audit, transaction: OpenTransaction
) -> None:
    def count(query: str) -> int:
        with transaction.connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.rowcount

    failing = [check for check in broken.checks if check.status == "fail" and check.rows]
    assert failing
    for check in failing:
        assert count(str(check.rows)) == check.finding_count, check.rows
        for finding in check.findings:
            asked = statement(check, finding)
            same = [one for one in check.findings if one.subject == finding.subject]
            assert asked is not None
            assert count(asked) >= len(same), asked


def test_every_rendering_names_each_failing_check(broken: Audit) -> None:
    body = shown(broken)
    links = {"json": "audit.json", "markdown": "report.md", "all": "../index.html"}
    page = render_html(body, links=links)
    text = render_markdown(body)
    for check in failing_checks(broken):
        assert check.name in text
        assert f"#check-{check.check_id}" in page


def failing_checks(audit: Audit) -> list[CheckResult]:
    return [check for check in audit.checks if check.status == "fail"]


SEVERITIES = st.sampled_from(WORST_FIRST)


@given(st.lists(st.tuples(st.integers(0, 40), SEVERITIES), max_size=120))
def test_the_first_of_each_check_comes_before_a_second_and_no_critical_check_is_cut(
    drawn: list[tuple[int, Severity]],
) -> None:
    severity_of = dict(drawn)
    incidents = [
        incident_of(f"pack.check_{check}", severity_of[check], number)
        for number, (check, _) in enumerate(drawn)
    ]
    told = groups(incidents)
    checks = [group.check for group in told]
    firsts = checks[: len(set(checks))]
    assert len(set(firsts)) == len(firsts)

    shown_of = cut(told)
    listed: list[Group] = [*shown_of.listed, *shown_of.brief]
    critical = {group.check for group in told if group.severity == "critical"}
    assert critical <= {group.check for group in listed}
    left = len(told) - len(listed)
    assert sum(shown_of.left.values()) == left
    said = shown_of.beyond(len(told))
    assert (said is None) == (left == 0)
    assert said is None or said.startswith(f"{left:,} more: ")
