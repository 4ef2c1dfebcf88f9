"""Prefect events: what an audit changed, for automations to act on. Keys and measures."""

from uuid import NAMESPACE_URL, uuid5

from prefect.events import emit_event

from counterfoil.audit.findings import Audit, Change
from counterfoil.common.text import one_line

COMPLETED = "counterfoil.audit.completed"
# An audit of some packs is no night's audit, and does not end the wait for one.
COMPLETED_IN_PART = "counterfoil.audit.completed_in_part"


def emit_events(audit: Audit) -> None:
    """An event for each change of an incident, then one that the audit was completed."""
    for change in audit.history.changes if audit.history else ():
        _emit_change(audit, change)
    emit_event(
        COMPLETED_IN_PART if audit.packs_left_out else COMPLETED,
        resource={
            "prefect.resource.id": database_resource(audit.database),
            "prefect.resource.name": one_line(audit.database),
        },
        payload={
            "audit_id": audit.audit_id,
            "status": audit.status,
            "snapshot_at": audit.snapshot_at.isoformat(),
            "packs_left_out": audit.packs_left_out,
        },
        id=uuid5(NAMESPACE_URL, f"counterfoil/{audit.audit_id}"),
    )


def database_resource(database: str) -> str:
    """The resource that audits of a database are events of."""
    return f"counterfoil.database.{one_line(database)}"


def _emit_change(audit: Audit, change: Change) -> None:
    incident = change.incident
    name = f"{one_line(audit.database)}.{incident.check_id}.{incident.fingerprint[:12]}"
    emit_event(
        f"counterfoil.incident.{change.change}",
        resource={
            "prefect.resource.id": f"counterfoil.incident.{name}",
            "prefect.resource.name": incident.check_id,
            "counterfoil.check": incident.check_id,
            "counterfoil.severity": incident.severity,
            "counterfoil.owner": incident.owner,
        },
        related=[
            {
                "prefect.resource.id": database_resource(audit.database),
                "prefect.resource.role": "database",
            }
        ],
        payload={
            "audit_id": audit.audit_id,
            "key": incident.key,
            "size": incident.size,
            "size_before": change.size_before,
            "opened_at": incident.opened_at.isoformat(),
        },
        # The same change has the same event, should the audit be published again.
        id=uuid5(NAMESPACE_URL, f"counterfoil/{audit.audit_id}/{incident.incident_id}"),
    )
