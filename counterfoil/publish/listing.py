"""How much of an audit a report lists. audit.json has what it counted and kept, in full."""

from collections.abc import Iterable

from counterfoil.audit.findings import Acceptance, CheckResult

MOST_FINDINGS = 20
MOST_GROUPS = 20
MOST_TENANTS = 100
MOST_WAIVERS = 100
# A sentence this long is read by nobody; a hostile name may be longer.
MOST_LETTERS = 1_200
# What keeps 300 failing checks with 10,000 findings under 1 MB.
_FINDINGS_OF_ALL = 1_200


def findings_a_check(checks: Iterable[CheckResult]) -> int:
    """How many findings of each check are listed: 20, or fewer if many checks have some."""
    with_findings = sum(bool(check.findings) for check in checks)
    return min(MOST_FINDINGS, max(1, _FINDINGS_OF_ALL // max(with_findings, 1)))


def acceptances(checks: Iterable[CheckResult]) -> dict[tuple[str, str], Acceptance]:
    """By check_id and fingerprint, the waiver of each listed finding that has one."""
    return {
        (check.check_id, finding.fingerprint): finding.waiver
        for check in checks
        for finding in check.findings
        if finding.waiver
    }
