"""How long publishing takes, and how large the report gets, when almost everything fails.

    make bench-publish

makes an audit of 300 checks with 10,000 findings, each an open incident, with thirty audits
of history; publishes it in every form; and rewrites the index of 1,000 past reports.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from counterfoil.audit.findings import (
    Audit,
    Change,
    CheckResult,
    Finding,
    History,
    Incident,
    PreviousAudit,
    TrendPoint,
    audit_status,
    fingerprint,
)
from counterfoil.audit.score import score, tenant_score
from counterfoil.common.settings import settings
from counterfoil.publish.body import body_of
from counterfoil.publish.index import SUMMARY, summarize, write_index
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.report import publish_report
from counterfoil.suites.pack_report import load_reports

CHECKS = 300
FINDINGS = 10_000
NIGHTS = 30
REPORTS = 1_000
RUNS = 5
NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
SENTENCE = (
    "Reservation {key} (Studio {number}, Regional Championships {number}) holds {number} spaces,"
    " approved 2026-02-28 23:06:28 UTC, and has no approval entry"
)


def main() -> None:
    """Prints the figures of docs/performance.md."""
    made = audit()
    with tempfile.TemporaryDirectory() as scratch:
        reports = Path(scratch)
        times = [seconds(partial(publish, made, reports, run)) for run in range(RUNS)]
        folder = reports / f"{made.audit_id}-{RUNS - 1}"
        print(f"{CHECKS} failing checks, {FINDINGS:,} findings")
        print(f"publishing: {times[0]:.2f} s of processor at first, with its imports")
        print(f"            {statistics.median(times[1:]):.2f} s after that")
        for file in sorted(folder.iterdir()):
            print(f"  {file.name}: {file.stat().st_size / 1000:,.0f} kB")
        fill(made, reports)
        times = [seconds(partial(write_index, reports)) for _ in range(RUNS)]
        print(f"index of {REPORTS:,} reports: {statistics.median(times):.2f} s of processor")


def seconds(work: Callable[[], object]) -> float:
    """Processor time of it, in this process: others of the machine do not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


def publish(made: Audit, reports: Path, run: int) -> None:
    """Every form, under a name of its own."""
    named = made.model_copy(update={"audit_id": f"{made.audit_id}-{run}"})
    body = body_of(named, load_reports(*settings().expectations_dirs))
    publish_report(body, render_markdown(body), reports)


def fill(made: Audit, reports: Path) -> None:
    """Folders as a thousand audits leave them."""
    summary = summarize(made).model_dump_json()
    for number in range(REPORTS):
        folder = reports / f"20250101T000000Z-{number:06}"
        folder.mkdir()
        (folder / SUMMARY).write_text(summary)
        (folder / "index.html").touch()


def audit() -> Audit:
    """An audit in which every check fails."""
    checks = [check(number) for number in range(CHECKS)]
    incidents = [
        incident(result, finding, number)
        for number, (result, finding) in enumerate(
            (result, finding) for result in checks for finding in result.findings
        )
    ]
    return Audit(
        audit_id="20260301T020000Z-aaaaaa",
        database="benchmark",
        contract="contract.yml",
        snapshot_at=NOW,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=60),
        status=audit_status(checks),
        checks=checks,
        score=score(checks, {}),
        tenant_score=tenant_score(checks, {}),
        sections={},
        history=History(
            previous=PreviousAudit(
                audit_id="before", snapshot_at=NOW - timedelta(days=1), status="critical"
            ),
            changes=[
                Change(change="new", incident=one, size_before=None, status_before=None)
                for one in incidents
            ],
            incidents=incidents,
            trends={result.check_id: trend(result) for result in checks},
        ),
    )


def check(number: int) -> CheckResult:
    """One check with its part of the findings."""
    check_id = f"pack.check_number_{number}"
    findings = [
        finding(check_id, each)
        for each in range(FINDINGS * number // CHECKS, FINDINGS * (number + 1) // CHECKS)
    ]
    return CheckResult(
        check_id=check_id,
        title=f"Every row of kind {number} agrees with its ledger",
        severity="critical",
        status="fail",
        relation=f"counterfoil.view_{number}",
        rows_checked=1_000_000,
        finding_count=len(findings),
        tenant_counts={f"tenant {each}": 1 for each in range(20)},
        seconds=1.5,
        owner="ledger",
        category=f"Category {number % 7}",
        why="Bookings are accepted against the stored balance. One that drifted misleads.",
        remedy="Read the explanation: correct the entry or the approval it names.",
        findings=findings,
    )


def finding(check_id: str, number: int) -> Finding:
    """One failing row."""
    key: dict[str, str | None] = {"reservation_id": f"6a570147-57a0-4f50-8b89-{number:012}"}
    return Finding(
        fingerprint=fingerprint(check_id, key),
        severity="critical",
        tenant_id=f"tenant {number % 20}",
        key=key,
        observed={"tokens": number},
        message=SENTENCE.format(key=key["reservation_id"], number=number),
        subject=f"competition {number // 2}",
        size=number,
    )


def incident(result: CheckResult, finding: Finding, number: int) -> Incident:
    """The finding over its life."""
    return Incident(
        **finding.model_dump(
            include={"fingerprint", "severity", "tenant_id", "subject", "key", "message", "size"}
        ),
        incident_id=number + 1,
        check_id=result.check_id,
        status="open",
        owner=result.owner,
        first_seen_at=NOW,
        opened_at=NOW,
        last_seen_at=NOW,
        clean_before=NOW - timedelta(days=1),
        resolved_at=None,
        reopened_count=0,
        first_size=finding.size,
        worst_size=finding.size,
    )


def trend(result: CheckResult) -> list[TrendPoint]:
    """The check's last audits, a few of which could not judge it."""
    return [
        TrendPoint(
            snapshot_at=NOW - timedelta(days=NIGHTS - 1 - night),
            status="error" if night % 11 == 5 else "fail",
            finding_count=0 if night % 11 == 5 else night,
        )
        for night in range(NIGHTS)
    ]


if __name__ == "__main__":
    main()
