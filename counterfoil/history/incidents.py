"""Incidents: what becomes of a finding from one audit to the next.

A finding is known by its check and its fingerprint. It is new, goes on, grows, is waived,
is resolved, and may come back. An audit that could not judge a check says nothing of its
incidents: they neither end nor begin.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from counterfoil.audit.findings import (
    Audit,
    Change,
    ChangeKind,
    CheckResult,
    Incident,
    IncidentStatus,
    Measure,
    Trace,
)


@dataclass(frozen=True)
class Followed:
    """An incident as an audit leaves it, and what the audit changed; None if nothing that
    anybody has to hear of.
    """

    incident: Incident
    change: Change | None


def follow(
    audit: Audit, known: Iterable[Incident], last_followed: Mapping[str, datetime]
) -> list[Followed]:
    """Every incident that is not as it was: one that is simply still there is not among them.

    Args:
        audit: what was found now.
        known: the database's incidents: all that are open or waived, and of the resolved
            at least those whose finding is there again.
        last_followed: by check, as its result is named, the last audit before that followed its
            findings.

    Returns:
        A new one has the incident_id 0.
    """
    by_check: dict[str, dict[str, Incident]] = {}
    for incident in known:
        by_check.setdefault(incident.check, {})[incident.fingerprint] = incident
    return [
        followed
        for check in followed_checks(audit)
        for followed in _follow_check(
            audit,
            check,
            by_check.get(check.name, {}),
            last_followed.get(check.name),
        )
    ]


def followed_checks(audit: Audit) -> list[CheckResult]:
    """The checks whose findings are known: what could not be judged says nothing of any."""
    return [check for check in audit.checks if not check.is_unjudged]


def _follow_check(
    audit: Audit,
    check: CheckResult,
    known: Mapping[str, Incident],
    last_followed: datetime | None,
) -> Iterator[Followed]:
    traces = {trace.fingerprint: trace for trace in check.traces}
    for name, trace in traces.items():
        before = known.get(name)
        if before and before.last_seen_at == last_followed and _is_as_before(check, trace, before):
            continue
        now = _seen(audit, check, trace, before)
        kind = _kind(before, now)
        yield Followed(now, _change(kind, now, before) if kind else None)
    # With a detail some of its tables were empty, or its findings too many to be followed:
    # what is missing is not corrected.
    is_whole = check.detail is None
    for name, incident in known.items():
        if name in traces or incident.status == "resolved":
            continue
        if is_whole:
            yield _resolved(audit, incident)
        elif incident.last_seen_at == last_followed:
            # It is not seen by this audit, as those are of which nothing is written.
            yield Followed(incident, None)


def _seen(audit: Audit, check: CheckResult, trace: Trace, before: Incident | None) -> Incident:
    status: IncidentStatus = "waived" if trace.is_waived else "open"
    is_back = before is not None and before.status == "resolved"
    is_listed = trace.message is not None
    # Sizes of another definition say nothing of this one.
    is_compared = before is not None and before.sized_by == check.sized_by
    first, worst = (before.first_size, before.worst_size) if before and is_compared else (None,) * 2
    return Incident(
        incident_id=before.incident_id if before else 0,
        check_id=check.check_id,
        fingerprint=trace.fingerprint,
        status=status,
        severity=trace.severity,
        owner=check.owner,
        tenant_id=trace.tenant_id,
        subject=trace.subject,
        key=before.key if before else json.loads(trace.key),
        message=trace.message if is_listed or before is None else before.message,
        headline=trace.headline if is_listed or before is None else before.headline,
        together=trace.together if is_listed or before is None else before.together,
        first_seen_at=before.first_seen_at if before else audit.snapshot_at,
        opened_at=audit.snapshot_at if before is None or is_back else before.opened_at,
        last_seen_at=audit.snapshot_at,
        clean_before=None if before is None or is_back else before.clean_before,
        resolved_at=None,
        reopened_count=(before.reopened_count if before else 0) + int(is_back and status == "open"),
        first_size=trace.size if first is None else first,
        size=trace.size,
        worst_size=_larger(worst, trace.size),
        sized_by=check.sized_by,
        ledger=check.ledger,
    )


def _is_as_before(check: CheckResult, trace: Trace, before: Incident) -> bool:
    """Whether there is nothing to write of it: so of 100,000 nothing is made anew."""
    return (
        before.status == ("waived" if trace.is_waived else "open")
        and before.size == trace.size
        and before.sized_by == check.sized_by
        and before.severity == trace.severity
        and before.owner == check.owner
        and before.tenant_id == trace.tenant_id
        and before.subject == trace.subject
        and (trace.message is None or _words(trace) == _words(before))
    )


def _words(told: Trace | Incident) -> tuple[str | None, ...]:
    return told.message, told.headline, told.together


def _kind(before: Incident | None, now: Incident) -> ChangeKind | None:
    if now.status == "waived":
        return None if before is not None and before.status == "waived" else "waived"
    if before is None:
        return "new"
    if before.status != "open":
        return "reopened"
    return _movement(before.size, now.size) if before.sized_by == now.sized_by else None


def _movement(before: Measure | None, after: Measure | None) -> ChangeKind | None:
    """A size that changed its sign is another fault under the same key: it got worse."""
    if before is None or after is None or before == after:
        return None
    if before * after < 0 or abs(after) > abs(before):
        return "worsened"
    return "eased"


def _resolved(audit: Audit, before: Incident) -> Followed:
    now = replace(before, status="resolved", resolved_at=audit.snapshot_at)
    return Followed(now, _change("resolved", now, before))


def _change(kind: ChangeKind, now: Incident, before: Incident | None) -> Change:
    return Change(
        change=kind,
        incident=now,
        size_before=before.size if before else None,
        status_before=before.status if before else None,
    )


def _larger(one: Measure | None, other: Measure | None) -> Measure | None:
    known = [size for size in (one, other) if size is not None]
    return max(known, key=abs, default=None)
