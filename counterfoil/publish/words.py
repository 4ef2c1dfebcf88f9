"""An audit in words: the sentences that every form of publication shares."""

from collections.abc import Iterable

from counterfoil.findings import Audit, AuditStatus, CheckResult

VERDICTS: dict[AuditStatus, str] = {
    "passed": "PASSED",
    "warning": "WARNINGS",
    "critical": "CRITICAL",
    "error": "INCOMPLETE",
}


_COUNTED = (
    ("fail", "failed"),
    ("waived", "waived"),
    ("error", "in error"),
    ("unknown", "unknown"),
)


def verdict(audit: Audit) -> str:
    """The overall outcome: "CRITICAL: 13 of 17 checks passed, 3 failed, 1 error"."""
    passed = sum(check.status == "pass" for check in audit.checks)
    counts = [f"{passed} of {len(audit.checks)} checks passed"]
    for status, word in _COUNTED:
        number = sum(check.status == status for check in audit.checks)
        if number:
            counts.append(f"{number} {word}")
    return f"{VERDICTS[audit.status]}: {', '.join(counts)}"


def headlines(audit: Audit, *, most: int = 5) -> list[str]:
    """What is wrong, one sentence each: the largest finding of each failed check, worst first.

    A check that only repeats what a finding above it said (the same row, judged more
    strictly) is left out.
    """
    sentences: dict[str, None] = {}
    for check in worst_first(audit.checks):
        if check.status in ("error", "unknown"):
            sentences[f"{check.check_id}: {check.detail}"] = None
        elif check.status == "fail":
            more = f" (and {check.counts - 1} more)" if check.counts > 1 else ""
            largest = next(finding for finding in check.findings if finding.waiver is None)
            sentences[f"{largest.message}{more}"] = None
    return list(sentences)[:most]


def worst_first(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Errors, then failures by severity, then what could not be judged, then the rest."""
    order = ["error", "critical", "warning", "info", "unknown", "waived", "pass"]
    return sorted(
        checks,
        key=lambda check: order.index(check.severity if check.status == "fail" else check.status),
    )
