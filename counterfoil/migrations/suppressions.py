"""Findings that a migration file itself accepts, with a reason, in a comment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterfoil.audit.findings import Audit, CheckResult, Finding, audit_status
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.migrations.facts import Suppression
from counterfoil.suites.own_checks import OwnCheck

SUPPRESSIONS_IN_USE = OwnCheck(
    check_id="audit.suppressions_in_use",
    title="Every comment that accepts a finding has a reason, and accepts something",
    severity="warning",
    relation="migrations",
    owner="platform",
    category="Audit",
    why="A comment that nothing needs any more hides the next fault of that file.",
    remedy="Delete the comment, or write `because` and the reason after the check.",
)


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """Something that a check can say nothing of, since only a run would show."""

    check_id: str
    tree: str
    file: str
    line: int
    message: str


def suppress(
    audit: Audit, unknown: Sequence[UnknownRow], suppressions: Sequence[Suppression]
) -> tuple[Audit, list[UnknownRow]]:
    """The audit without what its files accept, and with a check of those comments.

    Args:
        audit: of migrations; its findings name tree and file, and all are listed.
        unknown: what its checks can say nothing of.
        suppressions: the comments; one without a reason accepts nothing.

    Returns:
        The audit, a check whose every finding is accepted being waived; and what of the
        unknown nobody accepts.
    """
    accepted = {
        (given.check_id, given.tree, given.file): given for given in suppressions if given.reason
    }
    used: set[tuple[str, str, str]] = set()
    rest = [row for row in unknown if not _takes(accepted, used, row.check_id, row.tree, row.file)]
    checks = []
    for check in audit.checks:
        remaining = [
            finding
            for finding in check.findings
            if not _takes(accepted, used, check.check_id, *_place(finding))
        ]
        not_known = any(row.check_id == check.check_id for row in rest)
        checks.append(_narrowed(check, remaining, not_known=not_known))
    checks.append(_suppressions_in_use(suppressions, used))
    return audit.model_copy(update={"checks": checks, "status": audit_status(checks)}), rest


def _takes(
    accepted: dict[tuple[str, str, str], Suppression],
    used: set[tuple[str, str, str]],
    check_id: str,
    tree: str,
    file: str,
) -> bool:
    place = (check_id, tree, file)
    if place in accepted:
        used.add(place)
    return place in accepted


def _place(finding: Finding) -> tuple[str, str]:
    file = finding.key.get("file") or finding.observed.get("file")
    return str(finding.key.get("tree")), str(file)


def _narrowed(check: CheckResult, remaining: list[Finding], *, not_known: bool) -> CheckResult:
    """The check with no findings but these: waived if none is left, or unknown."""
    if check.status == "unknown" and not not_known:
        return check.model_copy(update={"status": "waived", "detail": None})
    if check.status != "fail" or len(remaining) == len(check.findings):
        return check
    count = check.finding_count - (len(check.findings) - len(remaining))
    left = check.model_copy(update={"findings": remaining, "finding_count": count})
    if count > check.waived_count:
        return left.model_copy(update={"severity": remaining[0].severity})
    if not_known:
        detail = "what is left of it cannot be judged: only a run would show"
        return left.model_copy(update={"status": "unknown", "detail": detail})
    return left.model_copy(update={"status": "waived"})


def _suppressions_in_use(
    suppressions: Sequence[Suppression], used: Iterable[tuple[str, str, str]]
) -> CheckResult:
    idle = {*used}
    findings = [
        _idle(given)
        for given in suppressions
        if not given.reason or (given.check_id, given.tree, given.file) not in idle
    ]
    return own_result(SUPPRESSIONS_IN_USE, rows_checked=len(suppressions), findings=findings)


def _idle(given: Suppression) -> Finding:
    key: dict[str, str | None] = {
        "tree": given.tree,
        "file": given.file,
        "check_id": given.check_id,
    }
    what = "accepts nothing" if given.reason else "gives no reason (write `because ...`)"
    message = f"{given.file}:{given.line}: the comment that allows {given.check_id} {what}"
    return own_finding(SUPPRESSIONS_IN_USE, key, message, line=given.line)
