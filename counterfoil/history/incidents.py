"""Incidents: what becomes of a finding from one audit to the next.

A finding is known by its check and its fingerprint. It is new, goes on, grows, is waived,
is resolved, and may come back. An audit that could not judge a check says nothing of its
incidents: they neither end nor begin.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from counterfoil.audit.findings import (
    Audit,
    Change,
    ChangeKind,
    CheckResult,
    Finding,
    Incident,
    IncidentStatus,
    Measure,
)


@dataclass(frozen=True)
class Followed:
    """An incident as an audit leaves it, and what the audit changed; None if nothing."""

    incident: Incident
    change: Change | None


def follow(
    audit: Audit, known: Iterable[Incident], looked_for: Collection[tuple[str, str]]
) -> list[Followed]:
    """Every incident that the audit says something of.

    Args:
        audit: what was found now.
        known: the database's incidents: all that are open or waived, and of the resolved
            at least those whose finding is there again.
        looked_for: (check_id, fingerprint) of the findings that the audit was asked to list
            if they fail, however small: not being listed, they are resolved.

    Returns:
        A new one has the incident_id 0.
    """
    by_check: dict[str, dict[str, Incident]] = {}
    for incident in known:
        by_check.setdefault(incident.check_id, {})[incident.fingerprint] = incident
    return [
        followed
        for check in audit.checks
        if check.status not in ("error", "unknown")
        for followed in _follow_check(audit, check, by_check.get(check.check_id, {}), looked_for)
    ]


def _follow_check(
    audit: Audit,
    check: CheckResult,
    known: Mapping[str, Incident],
    looked_for: Collection[tuple[str, str]],
) -> Iterator[Followed]:
    seen = {finding.fingerprint: finding for finding in check.findings}
    for finding in seen.values():
        yield _seen(audit, check, finding, known.get(finding.fingerprint))
    if check.detail is not None:
        # Some of its tables were empty: rows about them are missing, and not corrected.
        return
    is_listed_whole = len(seen) >= check.finding_count
    for name, incident in known.items():
        is_missed = is_listed_whole or (check.check_id, name) in looked_for
        if name not in seen and incident.status != "resolved" and is_missed:
            yield _resolved(audit, incident)


def _seen(audit: Audit, check: CheckResult, finding: Finding, before: Incident | None) -> Followed:
    status: IncidentStatus = "waived" if finding.waiver else "open"
    is_back = before is not None and before.status == "resolved"
    worst = _larger(before.worst_size if before else None, finding.size)
    now = Incident(
        incident_id=before.incident_id if before else 0,
        check_id=check.check_id,
        fingerprint=finding.fingerprint,
        status=status,
        severity=finding.severity,
        owner=check.owner,
        tenant_id=finding.tenant_id,
        subject=finding.subject,
        key=finding.key,
        message=finding.message,
        first_seen_at=before.first_seen_at if before else audit.snapshot_at,
        opened_at=audit.snapshot_at if before is None or is_back else before.opened_at,
        last_seen_at=audit.snapshot_at,
        clean_before=None if before is None or is_back else before.clean_before,
        resolved_at=None,
        reopened_count=(before.reopened_count if before else 0) + int(is_back and status == "open"),
        first_size=before.first_size if before else finding.size,
        size=finding.size,
        worst_size=worst,
    )
    kind = _kind(before, now)
    if kind is None:
        return Followed(now, None)
    return Followed(now, _change(kind, now, before))


def _kind(before: Incident | None, now: Incident) -> ChangeKind | None:
    if now.status == "waived":
        return None if before is not None and before.status == "waived" else "waived"
    if before is None:
        return "new"
    if before.status != "open":
        return "reopened"
    return _movement(before.size, now.size)


def _movement(before: Measure | None, after: Measure | None) -> ChangeKind | None:
    """A size that changed its sign is another fault under the same key: it got worse."""
    if before is None or after is None or before == after:
        return None
    if before * after < 0 or abs(after) > abs(before):
        return "worsened"
    return "eased"


def _resolved(audit: Audit, before: Incident) -> Followed:
    now = before.model_copy(update={"status": "resolved", "resolved_at": audit.snapshot_at})
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
