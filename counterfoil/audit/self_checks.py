"""What the checks come to that no suite declares."""

import json
from collections.abc import Sequence

from counterfoil.audit.findings import (
    CheckResult,
    CheckStatus,
    Finding,
    Measure,
    WaiverUse,
    fingerprint,
)
from counterfoil.contract.packs import Pack
from counterfoil.suites.names import named
from counterfoil.suites.own_checks import EVERY_CHECK_RAN, WAIVERS_IN_USE, OwnCheck


def own_result(
    check: OwnCheck,
    *,
    rows_checked: int,
    detail: str | None = None,
    findings: Sequence[Finding] = (),
) -> CheckResult:
    """The result of a check whose findings are all at hand: it fails if there is one.

    Of nothing that it could have looked at it is not applicable.
    """
    unless_failed: CheckStatus = "pass" if rows_checked else "not applicable"
    return CheckResult(
        **check.shown(),
        status="fail" if findings else unless_failed,
        rows_checked=rows_checked,
        finding_count=len(findings),
        detail=detail,
        findings=list(findings),
    )


def own_finding(
    check: OwnCheck,
    key: dict[str, str | None],
    message: str,
    *,
    size: Measure | None = None,
    **observed: object,
) -> Finding:
    """A finding of such a check: no tenant's, known again by its key."""
    return Finding(
        fingerprint=fingerprint(check.check_id, key),
        severity=check.severity,
        tenant_id=None,
        key=key,
        observed=observed,
        message=message,
        size=size,
    )


def every_check_ran(
    declared: Sequence[tuple[str, str | None]],
    results: Sequence[CheckResult],
    left_out: Sequence[Pack] = (),
) -> CheckResult:
    """audit.every_check_ran: a check that nobody heard of again is a finding.

    Args:
        declared: the id of every check that applies, and the ledger that it is about.
        results: what came of them.
        left_out: the contract's packs that the run was not to audit.
    """
    made = {result.name for result in results}
    missing = sorted({named(*check) for check in declared} - made)
    findings = [
        own_finding(EVERY_CHECK_RAN, {"check_id": name}, f"{name} is declared and has no result")
        for name in missing
    ]
    return own_result(
        EVERY_CHECK_RAN,
        rows_checked=len(declared),
        detail=_without(left_out),
        findings=findings,
    )


def waivers_in_use(
    waivers: Sequence[WaiverUse],
    left_out: Sequence[Pack] = (),
    *,
    limit: int = 100,
) -> CheckResult:
    """audit.waivers_in_use: a waiver that expired, or that nothing needs, is a finding.

    Args:
        waivers: what became of each waiver of the database.
        left_out: the contract's packs that the run was not to audit.
        limit: how many are listed; all are counted, and followed.
    """
    idle = [waiver for waiver in waivers if waiver.state in ("expired", "unused")]
    # The same line written twice is one finding.
    found = {finding.fingerprint: finding for finding in map(_idle, idle)}
    result = own_result(
        WAIVERS_IN_USE,
        rows_checked=len(waivers),
        detail=_without(left_out),
        findings=list(found.values()),
    )
    listed = result.model_copy(update={"findings": result.findings[:limit]})
    return listed.following(result.traces)


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
    return own_finding(WAIVERS_IN_USE, key, message, owner=waiver.owner)


def _spoken(key: dict[str, str | None]) -> str:
    return ", ".join(f"{column} {value}" for column, value in key.items())
