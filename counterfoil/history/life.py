"""The life of one incident: all that audits changed of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from counterfoil.audit.findings import ChangeKind, Incident, IncidentStatus, Measure, measure
from counterfoil.common.errors import HistoryError
from counterfoil.history.record import incidents_where
from counterfoil.history.tables import history_transaction
from counterfoil.postgres.schemas import HISTORY_SCHEMA
from counterfoil.postgres.session import Session

_CHANGES = """
    select
        audits.snapshot_at,
        audits.audit_id,
        incident_changes.change,
        incident_changes.status_before,
        incident_changes.size_before,
        incident_changes.size_after,
        findings.waived_by,
        findings.waived_because
    from incident_changes
    join audits using (audit_number)
    join incidents using (incident_id)
    left join findings
        on
            findings.audit_number = incident_changes.audit_number
            and findings.check_id = incidents.check_id
            and findings.fingerprint = incidents.fingerprint
    where incident_id = %s
    order by incident_changes.audit_number
"""


@dataclass(frozen=True)
class Step:
    """What an audit changed of an incident.

    Attributes:
        at: the instant that the audit saw.
        audit_id: its name.
        change: what became of it.
        status_before: what it was before; None if it was not known.
        size_before: how large it was.
        size_after: how large it is since.
        waived_by: who had accepted it by then; None if nobody had.
        waived_because: why.
    """

    at: datetime
    audit_id: str
    change: ChangeKind
    status_before: IncidentStatus | None
    size_before: Measure | None
    size_after: Measure | None
    waived_by: str | None
    waived_because: str | None


@dataclass(frozen=True)
class Life:
    """An incident, and what became of it: the first change first."""

    incident: Incident
    steps: Sequence[Step]


def life_of(session: Session, number: int) -> Life:
    """The life of an incident, by its number.

    Raises:
        HistoryError: there is no such incident, or the history cannot be read.
    """
    with history_transaction(session) as cursor:
        found = incidents_where(cursor, "incident_id = %s", (number,))
        if not found:
            raise HistoryError(
                f"there is no incident {number}",
                where=f"schema {HISTORY_SCHEMA}, {session.historian}",
                remedy="Take a number from the report, or from counterfoil.incidents",
            )
        cursor.execute(_CHANGES, (number,))
        return Life(found[0], [_step(*row) for row in cursor.fetchall()])


def open_incidents(session: Session, database: str) -> list[Incident]:
    """Those of a database that are open, the first opened first.

    Raises:
        HistoryError: the history cannot be read.
    """
    with history_transaction(session) as cursor:
        return incidents_where(cursor, "database_name = %s and status = 'open'", (database,))


def _step(at: Any, audit_id: str, change: Any, status: Any, *others: Any) -> Step:
    before, after, owner, reason = others
    return Step(at, audit_id, change, status, measure(before), measure(after), owner, reason)
