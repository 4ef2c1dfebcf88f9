"""What audits changed of incidents, step by step."""

from collections.abc import Collection

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.audit.findings import Step, measure

_CHANGES = """
    select
        incident_changes.incident_id,
        audits.snapshot_at,
        audits.audit_id,
        incident_changes.change,
        incident_changes.status_before,
        incident_changes.size_before,
        incident_changes.size_after,
        findings.waived_by,
        findings.waived_because
    from
        (
            select
                incident_changes.*,
                row_number() over (
                    partition by incident_id order by audit_number desc
                ) as steps_ago
            from incident_changes
            where incident_id = any(%s)
        ) as incident_changes
    join audits using (audit_number)
    join incidents using (incident_id)
    left join findings
        on
            findings.audit_number = incident_changes.audit_number
            and findings.check_id = incidents.check_id
            and findings.fingerprint = incidents.fingerprint
    where steps_ago <= coalesce(%s, steps_ago)
    order by incident_changes.audit_number
"""


def steps_of(
    cursor: Cursor, incidents: Collection[int], most: int | None = None
) -> dict[int, list[Step]]:
    """By incident what audits changed of it, the first change first.

    Args:
        cursor: one that reads the history.
        incidents: their numbers.
        most: how many changes of each, the last ones; None for all.
    """
    steps: dict[int, list[Step]] = {}
    cursor.execute(_CHANGES, (list(incidents), most))
    for number, at, audit_id, change, status, before, after, owner, reason in cursor:
        step = Step(
            snapshot_at=at,
            audit_id=audit_id,
            change=change,
            status_before=status,
            size_before=measure(before),
            size_after=measure(after),
            waived_by=owner,
            waived_because=reason,
        )
        steps.setdefault(number, []).append(step)
    return steps
