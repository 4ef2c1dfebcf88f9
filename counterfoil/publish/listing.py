"""How much of an audit a report lists, and how much audit.json."""

from collections.abc import Iterable

from counterfoil.audit.findings import Acceptance, Audit, CheckResult, Incident
from counterfoil.publish.groups import weight

MOST_FINDINGS = 20
MOST_GROUPS = 20
MOST_TENANTS = 100
# Of incidents, besides those whose findings are listed, and of changes, in audit.json.
MOST_INCIDENTS = 1_000
MOST_WAIVERS = 100
# A sentence this long is read by nobody; a hostile name may be longer.
MOST_LETTERS = 1_200
# What keeps 300 failing checks with 10,000 findings under 1 MB.
_FINDINGS_OF_ALL = 1_200


def findings_a_check(checks: Iterable[CheckResult]) -> int:
    """How many findings of each check are listed: 20, or fewer if many checks have some."""
    with_findings = sum(bool(check.findings) for check in checks)
    return min(MOST_FINDINGS, max(1, _FINDINGS_OF_ALL // max(with_findings, 1)))


def listed(audit: Audit) -> Audit:
    """The audit with as many incidents and changes as are published, the worst of them.

    All of them are counted by its history's tally.
    """
    history = audit.history
    if history is None or max(len(history.incidents), len(history.changes)) <= MOST_INCIDENTS:
        return audit
    names = {
        (check.check_id, finding.fingerprint)
        for check in audit.checks
        for finding in check.findings
    }

    def is_listed(place: int, incident: Incident) -> bool:
        return place < MOST_INCIDENTS or (incident.check_id, incident.fingerprint) in names

    incidents = sorted(history.incidents, key=weight)
    changes = sorted(history.changes, key=lambda change: weight(change.incident))
    shortened = {
        "incidents": [one for place, one in enumerate(incidents) if is_listed(place, one)],
        "changes": [one for place, one in enumerate(changes) if is_listed(place, one.incident)],
    }
    return audit.model_copy(update={"history": history.model_copy(update=shortened)})


def acceptances(checks: Iterable[CheckResult]) -> dict[tuple[str, str], Acceptance]:
    """By check_id and fingerprint, the waiver of each listed finding that has one."""
    return {
        (check.check_id, finding.fingerprint): finding.waiver
        for check in checks
        for finding in check.findings
        if finding.waiver
    }
