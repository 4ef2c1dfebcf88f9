"""An audit in words: the sentences that every form of publication shares."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from counterfoil.audit.findings import (
    Audit,
    AuditStatus,
    CheckResult,
    CheckStatus,
    History,
    Incident,
    Step,
)
from counterfoil.common.text import clip, counted
from counterfoil.publish.forms import instant, signed
from counterfoil.publish.groups import ChangedGroup, Group, changed_groups, groups
from counterfoil.publish.ids import tenant_names, with_ids
from counterfoil.publish.listing import MOST_OF_A_CHECK, cut
from counterfoil.suites.severities import WORST_FIRST

VERDICTS: dict[AuditStatus, str] = {
    "passed": "PASSED",
    "warning": "WARNINGS",
    "critical": "CRITICAL",
    "error": "INCOMPLETE",
}


_COUNTED = (
    ("fail", "failed"),
    ("waived", "waived"),
    ("error", "in error"),
    ("unknown", "unknown"),
    ("not applicable", "not applicable"),
)


def verdict(audit: Audit) -> str:
    """The overall outcome: "CRITICAL: 13 of 17 checks passed, 3 failed, 1 in error"."""
    return f"{VERDICTS[audit.status]}: {counts(audit)}"


def counts(audit: Audit) -> str:
    """What the checks came to: "13 of 17 checks passed, 3 failed, 1 in error".

    A check that had nothing to judge is none of those seventeen.
    """
    passed = sum(check.status == "pass" for check in audit.checks)
    told = [f"{passed} of {len(audit.applicable)} checks passed"]
    for status, word in _COUNTED:
        number = sum(check.status == status for check in audit.checks)
        if number:
            told.append(f"{number} {word}")
    if audit.packs_left_out:
        told.append(f"without {', '.join(audit.packs_left_out)}")
    return ", ".join(told)


def outcome(audit: Audit) -> str:
    """The verdict, and the first of what is wrong."""
    return "; ".join([verdict(audit), *(line.told for line in headlines(audit, most=1)[:1])])


class Headline(NamedTuple):
    """A line of what is wrong.

    Attributes:
        label: what became of it since the audit before, and how bad it is.
        told: what is wrong.
        cause: why, where that is known.
    """

    label: str
    told: str
    cause: str | None = None


def headlines(audit: Audit, *, most: int = 5) -> list[Headline]:
    """What is wrong, with tenants by their names.

    What could not be judged comes first, and then the groups of open incidents, in the order
    that every form of publication has. The last says how much is left out, of which checks.

    Args:
        audit: what was found.
        most: how many groups are told; a critical check that has none of them is told, too.
    """
    reasons = unjudged(audit)
    history = audit.history
    incidents = history.incidents if history else _as_incidents(audit)
    changes = history.changes if history and history.previous else []
    became = {one.group.subject: one.change for one in changed_groups(changes, incidents)}
    # Of what a run left out it says nothing.
    names = {check.name for check in audit.checks}
    told = (one for one in incidents if not audit.packs_left_out or one.check in names)
    found = groups((one for one in told if one.status == "open"), audit.unjudged_names)
    shown = cut(found, most)
    tenants = tenant_names(audit)
    lines = [_reason(one, tenants) for one in reasons[:most]]
    if more := sum(len(one.checks) for one in reasons[most:]):
        lines.append(Headline("and", f"{counted(more, 'more check')} that could not be judged"))
    for group in [*shown.listed, *shown.brief]:
        kind = [became.get(group.subject, "ongoing")] if history and history.previous else []
        cause = group.lead.cause and with_ids(group.lead.cause, tenants)
        label = ", ".join([*kind, group.severity])
        lines.append(Headline(label, with_ids(group.told, tenants), cause))
    number = history.tally.open if history and not audit.packs_left_out else len(found)
    if beyond := shown.beyond(number):
        lines.append(Headline("and", beyond))
    return lines


class Unjudged(NamedTuple):
    """Checks that could not be judged for one reason: "error" or "unknown"."""

    status: CheckStatus
    why: str
    checks: list[str]

    @property
    def named(self) -> str:
        """Their names, as far as a reader reads them."""
        more = len(self.checks) - MOST_OF_A_CHECK
        return ", ".join(self.checks[:MOST_OF_A_CHECK]) + (
            f" and {more:,} more" if more > 0 else ""
        )


def unjudged(audit: Audit) -> list[Unjudged]:
    """Why checks could not be judged, as the checks come: an emptied table is one reason of 27."""
    reasons: dict[tuple[CheckStatus, str], Unjudged] = {}
    for check in audit.unjudged:
        reason = (check.status, check.detail or "")
        reasons.setdefault(reason, Unjudged(*reason, [])).checks.append(check.name)
    return [*reasons.values()]


def _reason(one: Unjudged, names: Mapping[str, str]) -> Headline:
    why = with_ids(one.why, names)
    if not one.checks[1:]:
        return Headline(one.status, f"{one.named}: {why}")
    return Headline(one.status, f"{why}: {counted(len(one.checks), 'check')}", one.named)


def _as_incidents(audit: Audit) -> list[Incident]:
    """What is listed of an audit that is not on record, as its history would have it."""
    at = audit.snapshot_at
    return [
        Incident(
            incident_id=0,
            check_id=check.check_id,
            fingerprint=finding.fingerprint,
            status="waived" if finding.waiver else "open",
            severity=finding.severity,
            owner=check.owner,
            tenant_id=finding.tenant_id,
            subject=finding.subject,
            key=finding.key,
            message=finding.message,
            headline=finding.headline,
            first_seen_at=at,
            opened_at=at,
            last_seen_at=at,
            clean_before=None,
            resolved_at=None,
            reopened_count=0,
            first_size=finding.size,
            size=finding.size,
            worst_size=finding.size,
            ledger=check.ledger,
            together=finding.together,
        )
        for check in audit.checks
        for finding in check.findings
    ]


def movement(audit: Audit) -> str:
    """What changed, in a line: "since 2025-10-30 05:00:00 UTC: 1 ongoing, 0 new, 0 resolved"."""
    history = audit.history
    if history is None:
        return "not on record, so what changed is not known"
    told = history.tally
    if history.previous is None:
        return f"first audit of {clip(audit.database, 80)}: {open_incidents(history)}"
    numbers = {
        "ongoing": told.ongoing,
        "of them worse": told.worse,
        "of them better": told.eased,
        "new": told.new,
        "reopened": told.reopened,
        "resolved": told.resolved,
        "newly waived": told.newly_waived,
    }
    said = (
        f"{number:,} {word}"
        for word, number in numbers.items()
        if number or word in ("ongoing", "new", "resolved")
    )
    return f"since {instant(history.previous.snapshot_at)}: {', '.join(said)}"


def what_became(one: ChangedGroup, checks: Iterable[CheckResult]) -> str | None:
    """What a change says beside its lead's message; None if that says it all.

    Args:
        one: what changed.
        checks: the audit's, for what their sizes count.
    """
    lead = one.lead
    if lead.change in ("worsened", "eased"):
        name = lead.incident.check
        units = [check.unit for check in checks if check.name == name and check.unit]
        now = " ".join([signed(lead.incident.size), *units])
        return f"{signed(lead.size_before)} before, {now} now"
    if one.change == "worsened":
        return "beside what was open already"
    if one.change == "eased":
        left = ", ".join(Group(one.left).checks)
        return f"{'accepted' if lead.change == 'waived' else 'gone'}, still open by {left}"
    if one.change == "reopened" and all(change.status_before == "waived" for change in one.changes):
        return "no longer waived"
    return None


def what_happened(step: Step) -> str:
    """A step of an incident's life: "2025-10-30 05:00:00 UTC: worsened at -157, -137 before"."""
    told = f"{instant(step.snapshot_at)}: {step.change}"
    if step.size_after is not None:
        told += f" at {signed(step.size_after)}"
    if step.size_before not in (None, step.size_after):
        told += f", {signed(step.size_before)} before"
    if step.waived_by:
        told += f", accepted by {step.waived_by}: {step.waived_because}"
    return f"{told} (audit {step.audit_id})"


def open_incidents(history: History) -> str:
    """How much is open, as people count it: "2 open incidents: 36 findings of 3 checks"."""
    told = history.tally
    if not told.open:
        return "no open incident"
    findings = counted(sum(told.open_incidents.values()), "finding")
    return f"{counted(told.open, 'open incident')}: {findings} of {counted(told.checks, 'check')}"


def worst_first(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Errors, then failures by severity, then what could not be judged, then the rest."""
    order = ["error", *WORST_FIRST, "unknown", "waived", "pass", "not applicable"]
    return sorted(
        checks,
        key=lambda check: order.index(check.severity if check.status == "fail" else check.status),
    )
