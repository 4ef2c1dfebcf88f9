"""What an audit's changes come to for one recipient: one message, or none."""

import hashlib
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from counterfoil.alerts.recipients import Recipient
from counterfoil.audit.findings import Audit, Change, ChangeKind, History, Incident
from counterfoil.common.text import one_line
from counterfoil.publish.forms import another_time, instant
from counterfoil.publish.groups import AnyGroup, ChangedGroup, Group, changed_groups, groups
from counterfoil.publish.headlines import VERDICTS, unjudged, verdict, what_became
from counterfoil.publish.ids import tenant_names, with_ids
from counterfoil.publish.listing import cut
from counterfoil.publish.statements import repairs

Tone = Literal["info", "success", "warning", "failure"]

# A message is read on a telephone; all of it is in the report.
_MOST_GROUPS = 10
_MOST_CHARACTERS = 500

# What calls people in a chat, were it in the name of a competition: <!channel>, <@U1>, @here.
_MENTION = re.compile(r"<(?=[!@#])|@(?=everyone|here|channel|all\b)")

_HEADINGS: dict[ChangeKind, str] = {
    "new": "New",
    "reopened": "Reopened",
    "worsened": "Worse",
    "eased": "Better",
    "resolved": "Resolved",
}
_STILL_OPEN = "Still open (reminder)"


@dataclass(frozen=True)
class Alert:
    """A message to one recipient, and the incidents in it.

    Attributes:
        alert_id: the same whenever the same audit is sent to the same recipient.
        recipient: the recipient's name.
        tone: how a service may colour it; apprise's word is "notify type".
        title: one line.
        body: plain text of several lines; its last names the alert_id.
        incident_ids: the incidents that it tells of.
        judged: False if it says that the audit could not judge, True if it says that it can
            again, None if it speaks of neither.
    """

    alert_id: str
    recipient: str
    tone: Tone
    title: str
    body: str
    incident_ids: tuple[int, ...] = ()
    judged: bool | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody is to do something: not where all that it tells of has ended."""
        return self.tone in ("failure", "warning")


@dataclass(frozen=True)
class Told:
    """What a recipient was sent before, and is to be reminded of.

    Attributes:
        due: the open incidents whose reminder is due.
        judged: what it last heard of whether audits can judge; None if nothing.
        is_unjudged_due: whether it is to be reminded that they cannot.
    """

    due: frozenset[int] = frozenset()
    judged: bool | None = None
    is_unjudged_due: bool = False


def alert_id(audit_id: str, recipient: str, kind: Literal["audit", "failure"]) -> str:
    """The same for the same audit, recipient and kind of message: 16 hexadecimal digits."""
    return hashlib.sha256(f"{kind}\n{audit_id}\n{recipient}".encode()).hexdigest()[:16]


def compose(
    recipient: Recipient, audit: Audit, history: History, told: Told, report: str
) -> Alert | None:
    """The message that an audit owes a recipient; None if it owes none.

    Incidents that share a subject are one group. What is waived is silent, and so is the
    end of what was waived.

    Args:
        recipient: whom it is for.
        audit: what was found.
        history: what that means beside the audits before it.
        told: what the recipient was sent.
        report: where the audit's report is, or will be.
    """
    changes = [change for change in history.changes if _is_told(recipient, change)]
    open_incidents = [
        incident
        for incident in history.incidents
        if incident.status == "open"
        and recipient.hears_of(incident)
        and _is_looked_at(incident, audit)
    ]
    changed = changed_groups(changes, history.incidents)
    reminders = [
        group
        for group in groups(open_incidents)
        if _is_due(group, told.due) and not _is_told_anyway(group, changed)
    ]
    judged = _judged(audit, told)
    if not changed and not reminders and judged is None:
        return None
    identity = alert_id(audit.audit_id, recipient.name, "audit")
    names = tenant_names(audit)
    body = [one_line(verdict(audit))]
    if judged is not None:
        body += ["", *_judgement(audit, names, can_judge=judged)]
    for kind, heading in _HEADINGS.items():
        these = [one for one in changed if one.change == kind]
        body += _section(heading, these, partial(_changed_lines, audit=audit, names=names))
    body += _section(_STILL_OPEN, reminders, partial(_open_lines, audit=audit, names=names))
    body += ["", *_footer(audit, report, identity)]
    return Alert(
        alert_id=identity,
        recipient=recipient.name,
        tone=_tone(changed, reminders, judged),
        title=_title(audit, changed, reminders, judged),
        body="\n".join(body),
        incident_ids=tuple(sorted(_ids(changed, reminders, open_incidents))),
        judged=judged,
    )


def compose_failure(
    recipient: Recipient, *, name: str, audit_id: str, reason: str, audit: Audit | None
) -> Alert:
    """The message that there is no audit, or none that could be recorded.

    Args:
        recipient: whom it is for.
        name: the database, or the target where nobody knows that.
        audit_id: the audit's name.
        reason: why, in a line.
        audit: what was found nevertheless.
    """
    identity = alert_id(audit_id, recipient.name, "failure")
    if audit is None:
        body = ["Nobody knows what is true now:", _cut(reason)]
    else:
        body = [f"What it had found: {one_line(verdict(audit))}", _cut(reason)]
    body += ["", f"Audit {audit_id}", f"Alert {identity}"]
    return Alert(
        alert_id=identity,
        recipient=recipient.name,
        tone="failure",
        title=_cut(f"Counterfoil {name}: the audit could not be completed"),
        body="\n".join(body),
        judged=False,
    )


def trial(recipient: Recipient) -> Alert:
    """A message that only shows whether one arrives."""
    identity = secrets.token_hex(8)
    return Alert(
        alert_id=identity,
        recipient=recipient.name,
        tone="info",
        title="Counterfoil: a test",
        body=f"Alerts for '{recipient.name}' arrive here.\n\nAlert {identity}",
    )


def _is_told(recipient: Recipient, change: Change) -> bool:
    if change.change == "resolved" and change.status_before == "waived":
        return False
    return change.change in recipient.changes and recipient.hears_of(change.incident)


def _is_looked_at(incident: Incident, audit: Audit) -> bool:
    """Whether the audit may say that it is still open: its check was judged, or is no more."""
    if incident.check in audit.unjudged_names:
        return False
    return not audit.packs_left_out or any(check.name == incident.check for check in audit.checks)


def _is_due(group: Group, due: Collection[int]) -> bool:
    return any(incident.incident_id in due for incident in group.incidents)


def _is_told_anyway(group: Group, changed: Sequence[ChangedGroup]) -> bool:
    return any(_belongs(incident, one) for incident in group.incidents for one in changed)


def _belongs(incident: Incident, changed: ChangedGroup) -> bool:
    return Group((incident,)).subject == changed.group.subject


def _judged(audit: Audit, told: Told) -> bool | None:
    """Whether to say that the audit can judge; None where the recipient knows."""
    if audit.status != "error":
        # What could not be judged may have been left out.
        return True if told.judged is False and not audit.packs_left_out else None
    return False if told.judged is not False or told.is_unjudged_due else None


def _judgement(audit: Audit, names: Mapping[str, str], *, can_judge: bool) -> list[str]:
    if can_judge:
        return ["The audit can judge again."]
    reasons = unjudged(audit)
    lines = [f"The audit could not judge {len(audit.unjudged)} of {len(audit.applicable)} checks:"]
    lines += [_cut(f"- {one.named}: {with_ids(one.why, names)}") for one in reasons[:_MOST_GROUPS]]
    more = sum(len(one.checks) for one in reasons[_MOST_GROUPS:])
    return [*lines, f"... and {more} more, in the report"] if more > 0 else lines


def _section(
    heading: str, these: Sequence[AnyGroup], lines_of: Callable[[AnyGroup], list[str]]
) -> Iterator[str]:
    """As many groups, or their changes, as a message holds, but of each critical check one."""
    if not these:
        return
    findings = sum(len(one.incidents) for one in these)
    counted = f" ({findings:,} findings)" if findings > len(these) else ""
    yield ""
    yield f"{heading}: {len(these):,}{counted}"
    shown = cut(these, _MOST_GROUPS)
    for one in [*shown.listed, *shown.brief]:
        yield from lines_of(one)
    if beyond := shown.beyond(len(these)):
        yield f"... and {beyond}, in the report"


def _changed_lines(changed: ChangedGroup, audit: Audit, names: Mapping[str, str]) -> list[str]:
    became = what_became(changed, audit.checks)
    line = f"- {_cut(with_ids(changed.told, names))}{f' ({became})' if became else ''}"
    if changed.change in ("eased", "resolved"):
        return [line]
    return [line, *_why(changed.group, names), *_what_to_do(changed.group, audit)]


def _open_lines(group: Group, audit: Audit, names: Mapping[str, str]) -> list[str]:
    since = f"{group.opened_at:%Y-%m-%d}"
    line = f"- {_cut(with_ids(group.told, names))} (since {since})"
    return [line, *_why(group, names), *_what_to_do(group, audit)]


def _why(group: Group, names: Mapping[str, str]) -> list[str]:
    return [f"  {_cut(with_ids(group.lead.cause, names))}"] if group.lead.cause else []


def _what_to_do(group: Group, audit: Audit) -> list[str]:
    remedy = next((check.remedy for check in audit.checks if check.name == group.lead.check), "")
    return [
        f"  {group.severity}, owned by {_cut(', '.join(audit.contacts_of(group.owners)))}:"
        f" {', '.join(group.checks)}",
        f"  Remedy: {_cut(remedy)}",
        *(f"  {one_line(command)}" for command in repairs(group, audit)[:1]),
    ]


def _footer(audit: Audit, report: str, identity: str) -> list[str]:
    target = f", target {audit.target}" if audit.target else ""
    data_as_of = another_time(audit.snapshot_at, audit.started_at)
    return [
        f"Audited {instant(audit.started_at)}: {one_line(audit.database)}{one_line(target)}",
        *([f"Data as of {instant(data_as_of)}"] if data_as_of else []),
        f"Report: {report}",
        f"Alert {identity}",
    ]


def _title(
    audit: Audit,
    changed: Sequence[ChangedGroup],
    reminders: Sequence[Group],
    judged: bool | None,
) -> str:
    parts = [VERDICTS[audit.status]]
    if judged is not None:
        parts.append("it can judge again" if judged else "it could not judge")
    for kind, heading in _HEADINGS.items():
        number = sum(one.change == kind for one in changed)
        if number:
            parts.append(f"{number:,} {heading.lower()}")
    if reminders:
        parts.append(f"{len(reminders):,} still open")
    return _cut(f"Counterfoil {audit.database}: {', '.join(parts)}")


def _tone(changed: Sequence[ChangedGroup], reminders: Sequence[Group], judged: bool | None) -> Tone:
    asking = [one.group for one in changed if one.change not in ("eased", "resolved")]
    if judged is False or any(group.severity == "critical" for group in asking):
        return "failure"
    if asking or reminders:
        return "warning"
    return "success" if changed else "info"


def _ids(
    changed: Sequence[ChangedGroup], reminders: Sequence[Group], open_incidents: Sequence[Incident]
) -> set[int]:
    """The incidents in it: with a change of a group goes what else is open of it."""
    told = {change.incident.incident_id for one in changed for change in one.changes}
    told |= {incident.incident_id for group in reminders for incident in group.incidents}
    return told | {
        incident.incident_id
        for incident in open_incidents
        if any(_belongs(incident, one) for one in changed)
    }


def _cut(text: str) -> str:
    line = _MENTION.sub(r"\g<0> ", one_line(text))
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 3]}..."
