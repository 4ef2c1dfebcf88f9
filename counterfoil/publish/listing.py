"""How much of an audit a report lists, and how much audit.json."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from counterfoil.audit.findings import Acceptance, Audit, CheckResult, Incident
from counterfoil.publish.groups import AnyGroup, groups, weight

MOST_FINDINGS = 20
MOST_GROUPS = 20
# Of one check: a hundred missing tables are told by five of them, and counted.
MOST_OF_A_CHECK = 5
# Of an incident's life.
MOST_STEPS = 10
# Of a long table, before the rest is folded.
MOST_LINES = 50
# Of checks whose groups are left out.
MOST_NAMED = 10
MOST_TENANTS = 100
# Of incidents, besides those whose findings are listed, and of changes, in audit.json.
MOST_INCIDENTS = 1_000
MOST_WAIVERS = 100
# A sentence this long is read by nobody; a hostile name may be longer.
MOST_LETTERS = 1_200
# What keeps 300 failing checks with 10,000 findings under 1 MB.
_FINDINGS_OF_ALL = 600


@dataclass(frozen=True)
class Cut(Generic[AnyGroup]):
    """How much is told of many groups.

    Attributes:
        listed: what is told in full.
        brief: what is told in a line: of each critical check that is not among those, the first.
        left: by check, how many are left out.
    """

    listed: Sequence[AnyGroup]
    brief: Sequence[AnyGroup]
    left: Mapping[str, int]

    def beyond(self, number: int) -> str | None:
        """What is left out of so many: "12 more: integrity.a (10), schema.b (2)"; None if nothing.

        Of the rest of an audit that lists only its worst incidents no check is known.
        """
        more = number - len(self.listed) - len(self.brief)
        if more <= 0:
            return None
        told = [*self.left.items()][:MOST_NAMED]
        named = [f"{check} ({count:,})" for check, count in told]
        others = more - sum(count for _, count in told)
        named += [f"others ({others:,})"] if others and named else []
        return f"{more:,} more{': ' if named else ''}{', '.join(named)}"


def cut(told: Sequence[AnyGroup], most: int = MOST_GROUPS) -> Cut[AnyGroup]:
    """As much as is told of groups, or of their changes, as groups.py orders them."""
    listed: list[AnyGroup] = []
    rest: list[AnyGroup] = []
    named: Counter[str] = Counter()
    for one in told:
        is_told = len(listed) < most and named[one.check] < MOST_OF_A_CHECK
        (listed if is_told else rest).append(one)
        named[one.check] += is_told
    brief: dict[str, AnyGroup] = {}
    for one in rest:
        if one.severity == "critical" and not named[one.check]:
            brief.setdefault(one.check, one)
    left = Counter(one.check for one in rest if brief.get(one.check) is not one)
    return Cut(listed, [*brief.values()], dict(left.most_common()))


def told_in_full(incidents: Iterable[Incident], unjudged: Collection[str]) -> list[int]:
    """The numbers of the incidents that tell what is shown in full, open or waived."""
    by_status: dict[str, list[Incident]] = {}
    for incident in incidents:
        by_status.setdefault(incident.status, []).append(incident)
    return [
        group.lead.incident_id
        for those in by_status.values()
        for group in cut(groups(those, unjudged)).listed
    ]


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
