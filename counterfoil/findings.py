"""What an audit found, in the shape that it is published in (docs/audit.schema.json)."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from counterfoil.suites import EVERY_CHECK_RAN, Severity

CheckStatus = Literal["pass", "fail", "waived", "error", "unknown"]
AuditStatus = Literal["passed", "warning", "critical", "error"]
Priority = Literal["P0", "P1", "P2", "-"]


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(_Published):
    """One failing row, by key. It holds keys and measures, never anything personal."""

    fingerprint: str = Field(description="sha256 of check_id and key; stable across audits.")
    severity: Severity
    tenant_id: str | None = Field(description="The tenant of the row; null if it has none.")
    key: dict[str, str | None] = Field(description="What names the row, values as text.")
    observed: dict[str, Any] = Field(description="The measures behind it.")
    message: str = Field(description="What is wrong, as a sentence.")


class CheckResult(_Published):
    """What one check came to."""

    check_id: str
    title: str
    severity: Severity
    status: CheckStatus
    relation: str = Field(description="The view asserted over, with its schema.")
    rows_checked: int | None = Field(description="Rows looked at; null if none could be.")
    finding_count: int = Field(description="Failing rows: exact, however few are listed.")
    owner: str
    category: str
    why: str
    remedy: str
    detail: str | None = Field(
        default=None, description="Why the check is an error or unknown; else null."
    )
    findings: list[Finding] = Field(description="The largest of them, up to the cap.")


class Score(_Published):
    """One line of the health score."""

    category: str
    status: Literal["pass", "fail", "error", "unknown"]
    priority: Priority


class Audit(_Published):
    """One run over one database."""

    audit_id: str
    database: str
    contract: str = Field(description="The file that the contract was read from.")
    snapshot_at: datetime = Field(description="The instant that every query saw.")
    started_at: datetime
    finished_at: datetime
    status: AuditStatus
    checks: list[CheckResult]
    score: list[Score]
    sections: dict[str, list[dict[str, Any]]] = Field(
        description="What the report shows besides: rows of the summary views."
    )

    def failing(self, severity: Severity) -> list[CheckResult]:
        """The failed checks of one severity."""
        return [
            check for check in self.checks if check.status == "fail" and check.severity == severity
        ]

    @property
    def unjudged(self) -> list[CheckResult]:
        """The checks that are an error or unknown."""
        return [check for check in self.checks if check.status in ("error", "unknown")]


def fingerprint(check_id: str, key: dict[str, str | None]) -> str:
    """The sha256 of check_id and key as sorted JSON, values as text."""
    canonical = json.dumps(
        {"check_id": check_id, "key": key},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def every_check_ran(declared: Sequence[str], results: Sequence[CheckResult]) -> CheckResult:
    """audit.every_check_ran: a check that nobody heard of again is a finding.

    Args:
        declared: the ids of every check that applies.
        results: what came of them.
    """
    missing = sorted(set(declared) - {result.check_id for result in results})
    findings = [
        Finding(
            fingerprint=fingerprint(EVERY_CHECK_RAN, {"check_id": name}),
            severity="critical",
            tenant_id=None,
            key={"check_id": name},
            observed={},
            message=f"{name} is declared and has no result",
        )
        for name in missing
    ]
    return CheckResult(
        check_id=EVERY_CHECK_RAN,
        title="Every declared check has a result",
        severity="critical",
        status="fail" if missing else "pass",
        relation="expectations",
        rows_checked=len(declared),
        finding_count=len(missing),
        owner="data",
        category="Audit",
        why="A check that silently did not run looks like one that passed.",
        remedy="Look at the audit's log for the check's suite, and run the audit again.",
        findings=findings,
    )


def audit_status(results: Sequence[CheckResult]) -> AuditStatus:
    """The worst of the results: error, critical, then what nothing accounts for, warning.

    An unknown check beside a critical finding is explained by it (the empty table). One
    without is a check that did not run, and that is an error.
    """
    statuses = {result.status for result in results}
    failed = {result.severity for result in results if result.status == "fail"}
    if "error" in statuses:
        return "error"
    if "critical" in failed:
        return "critical"
    if "unknown" in statuses:
        return "error"
    return "warning" if "warning" in failed else "passed"
