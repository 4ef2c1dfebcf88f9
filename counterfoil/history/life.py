"""The life of one incident: all that audits changed of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.audit.findings import Incident, Step
from counterfoil.common.errors import HistoryError
from counterfoil.history.record import incidents_where
from counterfoil.history.steps import steps_of
from counterfoil.history.tables import history_transaction
from counterfoil.postgres.schemas import HISTORY_SCHEMA
from counterfoil.postgres.session import Session


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
        return Life(found[0], steps_of(cursor, [number]).get(number, []))


def open_incidents(session: Session, database: str) -> list[Incident]:
    """Those of a database that are open, the first opened first.

    Raises:
        HistoryError: the history cannot be read.
    """
    with history_transaction(session) as cursor:
        return incidents_where(cursor, "database_name = %s and status = 'open'", (database,))
