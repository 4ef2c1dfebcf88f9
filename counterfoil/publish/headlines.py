"""An audit in words: the sentences that every form of publication shares."""

from collections.abc import Iterable

from counterfoil.audit.findings import (
    Audit,
    AuditStatus,
    CheckResult,
    History,
)
from counterfoil.common.text import clip
from counterfoil.publish.forms import instant, signed
from counterfoil.publish.groups import ChangedGroup, Group
from counterfoil.suites.severities import WORST_FIRST

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
    ("not applicable", "not applicable"),
)


def verdict(audit: Audit) -> str:
    """The overall outcome: "CRITICAL: 13 of 17 checks passed, 3 failed, 1 in error"."""
    return f"{VERDICTS[audit.status]}: {counts(audit)}"


def counts(audit: Audit) -> str:
    """What the checks came to: "13 of 17 checks passed, 3 failed, 1 in error".

    A check that had nothing to judge is none of those seventeen.
    """
    passed = sum(check.status == "pass" for check in audit.checks)
    told = [f"{passed} of {len(audit.applicable)} checks passed"]
    for status, word in _COUNTED:
        number = sum(check.status == status for check in audit.checks)
        if number:
            told.append(f"{number} {word}")
    if audit.packs_left_out:
        told.append(f"without {', '.join(audit.packs_left_out)}")
    return ", ".join(told)


def outcome(audit: Audit) -> str:
    """The verdict, and the first of what is wrong."""
    return "; ".join([verdict(audit), *headlines(audit, most=1)])


def headlines(audit: Audit, *, most: int = 5) -> list[str]:
    """What is wrong, one sentence each: the largest finding of each failed check, worst first.

    A subject is reported once: what other checks found of it is the same fault.
    """
    sentences: dict[str, None] = {}
    told: set[str] = set()
    for check in worst_first(audit.checks):
        if check.status in ("error", "unknown"):
            sentences[f"{check.name}: {check.detail}"] = None
        elif check.status == "fail":
            open_findings = [finding for finding in check.findings if finding.waiver is None]
            untold = [finding for finding in open_findings if finding.subject not in told]
            if untold:
                more = f" (and {check.counts - 1} more)" if check.counts > 1 else ""
                sentences[f"{untold[0].message}{more}"] = None
            told.update(finding.subject for finding in open_findings if finding.subject)
    return list(sentences)[:most]


def movement(audit: Audit) -> str:
    """What changed, in a line: "since 2025-10-30 05:00:00 UTC: 1 ongoing, 0 new, 0 resolved"."""
    history = audit.history
    if history is None:
        return "not on record, so what changed is not known"
    told = history.tally
    if history.previous is None:
        return f"first audit of {clip(audit.database, 80)}: {open_incidents(history)}"
    numbers = {
        "ongoing": told.ongoing,
        "of them worse": told.worse,
        "of them better": told.eased,
        "new": told.new,
        "reopened": told.reopened,
        "resolved": told.resolved,
        "newly waived": told.newly_waived,
    }
    said = (
        f"{number:,} {word}"
        for word, number in numbers.items()
        if number or word in ("ongoing", "new", "resolved")
    )
    return f"since {instant(history.previous.snapshot_at)}: {', '.join(said)}"


def what_became(one: ChangedGroup, checks: Iterable[CheckResult]) -> str | None:
    """What a change says beside its lead's message; None if that says it all.

    Args:
        one: what changed.
        checks: the audit's, for what their sizes count.
    """
    lead = one.lead
    if lead.change in ("worsened", "eased"):
        name = lead.incident.check
        units = [check.unit for check in checks if check.name == name and check.unit]
        now = " ".join([signed(lead.incident.size), *units])
        return f"{signed(lead.size_before)} before, {now} now"
    if one.change == "worsened":
        return "beside what was open already"
    if one.change == "eased":
        left = ", ".join(Group(one.left).checks)
        return f"{'accepted' if lead.change == 'waived' else 'gone'}, still open by {left}"
    if one.change == "reopened" and all(change.status_before == "waived" for change in one.changes):
        return "no longer waived"
    return None


def open_incidents(history: History) -> str:
    """How much is open, as people count it: "1 open incident, 3 checks"."""
    told = history.tally
    if not told.open:
        return "no open incident"
    return f"{_counted(told.open, 'open incident')}, {_counted(told.checks, 'check')}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def worst_first(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Errors, then failures by severity, then what could not be judged, then the rest."""
    order = ["error", *WORST_FIRST, "unknown", "waived", "pass", "not applicable"]
    return sorted(
        checks,
        key=lambda check: order.index(check.severity if check.status == "fail" else check.status),
    )
