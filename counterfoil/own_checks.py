"""The checks that no suite declares: the audit's own, of itself."""

import json
from collections.abc import Sequence

from counterfoil.findings import CheckResult, Finding, WaiverUse, fingerprint
from counterfoil.suites import EVERY_CHECK_RAN, WAIVERS_IN_USE


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


def waivers_in_use(waivers: Sequence[WaiverUse]) -> CheckResult:
    """audit.waivers_in_use: a waiver that expired, or that nothing needs, is a finding.

    Args:
        waivers: what became of each waiver of the database.
    """
    idle = [waiver for waiver in waivers if waiver.state in ("expired", "unused")]
    # The same line written twice is one finding.
    findings = list({finding.fingerprint: finding for finding in map(_idle, idle)}.values())
    return CheckResult(
        check_id=WAIVERS_IN_USE,
        title="Every waiver holds, and waives something",
        severity="warning",
        status="fail" if findings else "pass",
        relation="waivers",
        rows_checked=len(waivers),
        finding_count=len(findings),
        owner="data",
        category="Audit",
        why=(
            "A waiver that nothing needs any more hides the next fault of that key, and one that"
            " expired is a decision that somebody has to take again."
        ),
        remedy="Delete its line of seeds/waivers.csv, or give it a new date and reason.",
        findings=findings,
    )


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
    return Finding(
        fingerprint=fingerprint(WAIVERS_IN_USE, key),
        severity="warning",
        tenant_id=None,
        key=key,
        observed={"owner": waiver.owner},
        message=f"The waiver of {waiver.check_id} for {_spoken(waiver.key)} {what}",
    )


def _spoken(key: dict[str, str | None]) -> str:
    return ", ".join(f"{column} {value}" for column, value in key.items())
