"""Incidents as people count them: what is wrong with one subject is one group.

One missing ledger entry fails three checks, on a competition and on a reservation. Three
incidents are kept, since each ends by itself; one is reported.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from counterfoil.audit.findings import Change, ChangeKind, Incident, Tally
from counterfoil.common.text import counted
from counterfoil.suites.severities import Severity, badness

# What a subject's changes may come to: what asks for somebody comes first.
_TOLD_FIRST: tuple[ChangeKind, ...] = (
    "worsened",
    "reopened",
    "new",
    "eased",
    "waived",
    "resolved",
)

# The changes that make it so.
_MADE_OF: Mapping[ChangeKind, tuple[ChangeKind, ...]] = {
    "worsened": ("worsened", "reopened", "new"),
    "eased": ("eased", "waived", "resolved"),
}

_T = TypeVar("_T")


@dataclass(frozen=True)
class Group:
    """The incidents of one subject, the one that says most first; an incident without a
    subject is a group of its own.

    Attributes:
        incidents: at least one; by severity, then the largest by absolute size.
    """

    incidents: tuple[Incident, ...]

    @property
    def lead(self) -> Incident:
        """The incident whose message tells the group."""
        return self.incidents[0]

    @property
    def check(self) -> str:
        """The check that tells it, as its result is named."""
        return self.lead.check

    @property
    def subject(self) -> tuple[str, ...]:
        """What it is about: as a key, since an incident may have no subject of its own."""
        return subject_of(self.lead)

    @property
    def severity(self) -> Severity:
        """The worst of them."""
        return self.lead.severity

    @property
    def checks(self) -> tuple[str, ...]:
        """The checks that found it, each once, as their results are named."""
        return tuple(dict.fromkeys(incident.check for incident in self.incidents))

    @property
    def by_check(self) -> dict[str, list[Incident]]:
        """The incidents by the check that found them, in the order of `checks`."""
        found: dict[str, list[Incident]] = {}
        for incident in self.incidents:
            found.setdefault(incident.check, []).append(incident)
        return found

    @property
    def others(self) -> int:
        """How many rows the check that tells it found besides the one that is told."""
        return len(self.by_check[self.check]) - 1

    @property
    def told(self) -> str:
        """What is said of all its rows, or its lead's message, and how many more there are."""
        if self.others and self.lead.together:
            return f"{self.others + 1:,} {self.lead.together}"
        others = f" (and {counted(self.others, 'more row')})" if self.others else ""
        return f"{self.lead.told}{others}"

    @property
    def owners(self) -> tuple[str, ...]:
        """Who answers for it, each once."""
        return tuple(dict.fromkeys(incident.owner for incident in self.incidents))

    @property
    def tenant_ids(self) -> tuple[str, ...]:
        """The tenants concerned, each once."""
        tenants = (incident.tenant_id for incident in self.incidents)
        return tuple(dict.fromkeys(tenant for tenant in tenants if tenant is not None))

    @property
    def opened_at(self) -> datetime:
        """Since when: the earliest of them."""
        return min(incident.opened_at for incident in self.incidents)


@dataclass(frozen=True)
class ChangedGroup:
    """What an audit changed of one subject.

    Attributes:
        change: what the changes come to: a fault beside one that was there makes it worse, and
            the end of one of several eases it.
        changes: at least one, in the order of the group's incidents.
        left: what is open of it now, in the same order.
    """

    change: ChangeKind
    changes: tuple[Change, ...]
    left: tuple[Incident, ...]

    @property
    def telling(self) -> tuple[Change, ...]:
        """The changes that made it so, of which the first tells it."""
        made_of = _MADE_OF.get(self.change, (self.change,))
        return tuple(change for change in self.changes if change.change in made_of)

    @property
    def lead(self) -> Change:
        """The change whose message tells what happened."""
        return self.telling[0]

    @property
    def check(self) -> str:
        """The check that tells it, as its result is named."""
        return self.lead.incident.check

    @property
    def severity(self) -> Severity:
        """The worst of what changed."""
        return self.lead.incident.severity

    @property
    def told(self) -> str:
        """What happened."""
        return self.group.told

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Those of the changes that made it so."""
        return self.group.incidents

    @property
    def group(self) -> Group:
        """The incidents of the changes that made it so."""
        return Group(tuple(change.incident for change in self.telling))


AnyGroup = TypeVar("AnyGroup", bound=Group | ChangedGroup)


def groups(incidents: Iterable[Incident], unjudged: Collection[str] = ()) -> list[Group]:
    """The incidents by subject: the worst of each check, and then the others, the worst first.

    Args:
        incidents: those that are to be told.
        unjudged: checks that this audit could not judge: what they found before comes last, in
            its group and of all groups, since nobody knows whether it is still so.
    """

    def order(incident: Incident) -> tuple[bool, int, float]:
        return incident.check in unjudged, *weight(incident)

    by_subject = _by_subject(incidents, lambda incident: incident)
    told = [Group(tuple(sorted(group, key=order))) for group in by_subject.values()]
    fairly = _in_turn(sorted(told, key=lambda group: order(group.lead)))
    return sorted(fairly, key=lambda group: group.check in unjudged)


def changed_groups(changes: Iterable[Change], incidents: Iterable[Incident]) -> list[ChangedGroup]:
    """The changes by subject: those that ask for somebody first, and of them, like `groups`, the
    worst of each check before a second of any.

    Args:
        changes: what changed, as far as it is to be told.
        incidents: the database's, of which those that are open say what is left of a subject.
    """
    changed = _by_subject(changes, lambda change: change.incident)
    left: dict[tuple[str, ...], list[Incident]] = {name: [] for name in changed}
    for incident in incidents:
        if incident.status == "open" and (name := subject_of(incident)) in left:
            left[name].append(incident)
    told = [
        ChangedGroup(
            _came_to(group, left[name]), tuple(group), tuple(sorted(left[name], key=weight))
        )
        for name, group in changed.items()
    ]
    told.sort(key=lambda one: (_TOLD_FIRST.index(one.change), *weight(one.lead.incident)))
    return sorted(_in_turn(told), key=lambda one: one.change in _MADE_OF["eased"])


def _in_turn(told: Iterable[AnyGroup]) -> list[AnyGroup]:
    """The first of each check before a second of any: a check with many hides no other."""
    firsts: dict[str, AnyGroup] = {}
    others = [one for one in told if firsts.setdefault(one.check, one) is not one]
    return [*firsts.values(), *others]


def _came_to(changes: Sequence[Change], left: Sequence[Incident]) -> ChangeKind:
    kinds = {change.change for change in changes}
    if "worsened" in kinds:
        return "worsened"
    if kinds & {"new", "reopened"}:
        changed = {change.incident.incident_id for change in changes}
        was_open = any(change.status_before == "open" for change in changes) or any(
            incident.incident_id not in changed for incident in left
        )
        if was_open:
            return "worsened"
        return "reopened" if "reopened" in kinds else "new"
    if left:
        return "eased"
    return "waived" if "waived" in kinds else "resolved"


def tally(incidents: Sequence[Incident], changes: Sequence[Change]) -> Tally:
    """The groups by what became of them, and what is behind them.

    Args:
        incidents: all that are open or waived.
        changes: all that the audit changed.
    """
    by_status = {
        status: [incident for incident in incidents if incident.status == status]
        for status in ("open", "waived")
    }
    came_to = Counter(one.change for one in changed_groups(changes, incidents))
    open_groups = len(_by_subject(by_status["open"], lambda incident: incident))
    return Tally(
        ongoing=open_groups - came_to["new"] - came_to["reopened"],
        new=came_to["new"],
        reopened=came_to["reopened"],
        worse=came_to["worsened"],
        eased=came_to["eased"],
        resolved=came_to["resolved"],
        newly_waived=came_to["waived"],
        waived=len(_by_subject(by_status["waived"], lambda incident: incident)),
        checks=len({incident.check for incident in by_status["open"]}),
        open_incidents=dict(Counter(incident.severity for incident in by_status["open"])),
        waived_incidents=len(by_status["waived"]),
        changes=len(changes),
    )


def _by_subject(
    items: Iterable[_T], incident_of: Callable[[_T], Incident]
) -> dict[tuple[str, ...], list[_T]]:
    groups: dict[tuple[str, ...], list[_T]] = {}
    for item in items:
        groups.setdefault(subject_of(incident_of(item)), []).append(item)
    for group in groups.values():
        group.sort(key=lambda item: weight(incident_of(item)))
    return groups


def subject_of(incident: Incident) -> tuple[str, ...]:
    """What it is about, as a key: an incident without a subject is about itself."""
    alone = (incident.check_id, incident.fingerprint)
    return alone if incident.subject is None else (incident.subject,)


def weight(incident: Incident) -> tuple[int, float]:
    """What sorts first: the worst severity, then the largest size; the rest as it came."""
    return badness(incident.severity), -abs(incident.size or 0)
