"""Incidents as people count them: what is wrong with one subject is one group.

One missing ledger entry fails three checks, on a competition and on a reservation. Three
incidents are kept, since each ends by itself; one is reported.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from counterfoil.audit.findings import Change, ChangeKind, History, Incident
from counterfoil.suites.severities import Severity, badness

# What a subject's changes come to when they differ: what asks for somebody comes first, and
# what was open before has worsened rather than begun.
_TOLD_FIRST: tuple[ChangeKind, ...] = (
    "worsened",
    "reopened",
    "new",
    "eased",
    "waived",
    "resolved",
)

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
    def subject(self) -> tuple[str, ...]:
        """What it is about: as a key, since an incident may have no subject of its own."""
        return _subject(self.lead)

    @property
    def severity(self) -> Severity:
        """The worst of them."""
        return self.lead.severity

    @property
    def check_ids(self) -> tuple[str, ...]:
        """The checks that found it, each once."""
        return tuple(dict.fromkeys(incident.check_id for incident in self.incidents))

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
        change: what the changes come to.
        changes: at least one, in the order of the group's incidents.
    """

    change: ChangeKind
    changes: tuple[Change, ...]

    @property
    def group(self) -> Group:
        """The incidents that changed, and only those of the subject."""
        return Group(tuple(change.incident for change in self.changes))


def groups(incidents: Iterable[Incident]) -> list[Group]:
    """The incidents by subject, the worst group first."""
    told = [Group(tuple(group)) for group in _by_subject(incidents, lambda incident: incident)]
    return sorted(told, key=lambda group: _weight(group.lead))


def changed_groups(changes: Iterable[Change]) -> list[ChangedGroup]:
    """The changes by subject: those that ask for somebody first, then the worst."""
    told = [
        ChangedGroup(min((change.change for change in group), key=_TOLD_FIRST.index), tuple(group))
        for group in _by_subject(changes, lambda change: change.incident)
    ]
    return sorted(told, key=lambda one: (_TOLD_FIRST.index(one.change), *_weight(one.group.lead)))


@dataclass(frozen=True)
class Tally:
    """How many groups an audit left open, and how many it closed.

    Attributes:
        ongoing: open now, and in part or whole before.
        new: open now, and not before.
        resolved: no longer there.
        waived: there, and accepted since.
    """

    ongoing: int
    new: int
    resolved: int
    waived: int


def tally(history: History) -> Tally:
    """The groups by what became of them: what was open is ongoing, resolved or waived."""
    begun = {
        change.incident.incident_id
        for change in history.changes
        if change.change in ("new", "reopened")
    }
    # A subject whose one fault went as another came was open all the time.
    before = {
        _subject(change.incident) for change in history.changes if change.status_before == "open"
    }
    still_open = groups(incident for incident in history.incidents if incident.status == "open")
    new = sum(
        group.subject not in before
        and all(incident.incident_id in begun for incident in group.incidents)
        for group in still_open
    )
    subjects = {group.subject for group in still_open}
    ended = [
        one
        for one in changed_groups(
            change for change in history.changes if change.change in ("resolved", "waived")
        )
        if one.group.subject not in subjects
    ]
    waived = sum(one.change == "waived" for one in ended)
    return Tally(len(still_open) - new, new, len(ended) - waived, waived)


def _by_subject(items: Iterable[_T], incident_of: Callable[[_T], Incident]) -> list[list[_T]]:
    groups: dict[tuple[str, ...], list[_T]] = {}
    for item in items:
        groups.setdefault(_subject(incident_of(item)), []).append(item)
    return [sorted(group, key=lambda item: _weight(incident_of(item))) for group in groups.values()]


def _subject(incident: Incident) -> tuple[str, ...]:
    alone = (incident.check_id, incident.fingerprint)
    return alone if incident.subject is None else (incident.subject,)


def _weight(incident: Incident) -> tuple[int, float]:
    """What sorts first: the worst severity, then the largest size; the rest as it came."""
    return badness(incident.severity), -abs(incident.size or 0)
