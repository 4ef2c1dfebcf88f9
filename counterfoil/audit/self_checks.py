"""The checks that no suite declares: the audit's own, of itself."""

import json
from collections.abc import Sequence

from counterfoil.audit.findings import CheckResult, Finding, WaiverUse, fingerprint
from counterfoil.contract.packs import Pack
from counterfoil.suites.severities import Severity
from counterfoil.suites.suite import EVERY_CHECK_RAN, ROW_SECURITY_ISOLATES, WAIVERS_IN_USE


def own_check(
    check_id: str,
    title: str,
    *,
    severity: Severity,
    relation: str,
    rows_checked: int,
    owner: str,
    category: str,
    why: str,
    remedy: str,
    detail: str | None = None,
    findings: Sequence[Finding] = (),
) -> CheckResult:
    """A check whose findings are all at hand: it fails if there is one."""
    return CheckResult(
        check_id=check_id,
        title=title,
        severity=severity,
        status="fail" if findings else "pass",
        relation=relation,
        rows_checked=rows_checked,
        finding_count=len(findings),
        owner=owner,
        category=category,
        why=why,
        remedy=remedy,
        detail=detail,
        findings=list(findings),
    )


def own_finding(
    check_id: str,
    severity: Severity,
    key: dict[str, str | None],
    message: str,
    **observed: object,
) -> Finding:
    """A finding of such a check: no tenant's, known again by its key."""
    return Finding(
        fingerprint=fingerprint(check_id, key),
        severity=severity,
        tenant_id=None,
        key=key,
        observed=observed,
        message=message,
    )


def isolation_check() -> CheckResult:
    """The check as the catalogue has it, before any probe was run."""
    return own_check(
        ROW_SECURITY_ISOLATES,
        "Row security shows a role its own rows, and no other's",
        severity="critical",
        relation="structure.row_security.probes",
        rows_checked=0,
        owner="platform",
        category="Row security",
        why="Policies are or'ed together, owners and views go around them, and a role inherits"
        " what another may. Whether the policies isolate is known only when it is tried.",
        remedy="Look at schema_policies for the table, and at the role's memberships and"
        " BYPASSRLS; then write the policy that is missing.",
    )


def every_check_ran(
    declared: Sequence[str], results: Sequence[CheckResult], left_out: Sequence[Pack] = ()
) -> CheckResult:
    """audit.every_check_ran: a check that nobody heard of again is a finding.

    Args:
        declared: the ids of every check that applies.
        results: what came of them.
        left_out: the contract's packs that the run was not to audit.
    """
    missing = sorted(set(declared) - {result.check_id for result in results})
    findings = [
        own_finding(
            EVERY_CHECK_RAN,
            "critical",
            {"check_id": name},
            f"{name} is declared and has no result",
        )
        for name in missing
    ]
    return own_check(
        EVERY_CHECK_RAN,
        "Every declared check has a result",
        severity="critical",
        relation="expectations",
        rows_checked=len(declared),
        owner="data",
        category="Audit",
        why="A check that silently did not run looks like one that passed.",
        remedy="Look at the audit's log for the check's suite, and run the audit again.",
        detail=_without(left_out),
        findings=findings,
    )


def waivers_in_use(waivers: Sequence[WaiverUse], left_out: Sequence[Pack] = ()) -> CheckResult:
    """audit.waivers_in_use: a waiver that expired, or that nothing needs, is a finding.

    Args:
        waivers: what became of each waiver of the database.
        left_out: the contract's packs that the run was not to audit.
    """
    idle = [waiver for waiver in waivers if waiver.state in ("expired", "unused")]
    # The same line written twice is one finding.
    findings = {finding.fingerprint: finding for finding in map(_idle, idle)}
    return own_check(
        WAIVERS_IN_USE,
        "Every waiver holds, and waives something",
        severity="warning",
        relation="waivers",
        rows_checked=len(waivers),
        owner="data",
        category="Audit",
        why=(
            "A waiver that nothing needs any more hides the next fault of that key, and one that"
            " expired is a decision that somebody has to take again."
        ),
        remedy="Delete its line of seeds/waivers.csv, or give it a new date and reason.",
        detail=_without(left_out),
        findings=list(findings.values()),
    )


def _without(packs: Sequence[Pack]) -> str | None:
    """What keeps such a check's open incidents as they are: nobody looked at their part."""
    return f"left out: {', '.join(packs)}" if packs else None


def _idle(waiver: WaiverUse) -> Finding:
    key: dict[str, str | None] = {
        "check_id": waiver.check_id,
        "key": json.dumps(waiver.key, sort_keys=True),
        "expires_on": str(waiver.expires_on),
    }
    what = (
        f"expired on {waiver.expires_on}"
        if waiver.state == "expired"
        else "waives nothing any more"
    )
    message = f"The waiver of {waiver.check_id} for {_spoken(waiver.key)} {what}"
    return own_finding(WAIVERS_IN_USE, "warning", key, message, owner=waiver.owner)


def _spoken(key: dict[str, str | None]) -> str:
    return ", ".join(f"{column} {value}" for column, value in key.items())
