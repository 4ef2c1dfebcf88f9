"""What an audit must know of those before it, before it looks."""

from collections.abc import Mapping, Set

from counterfoil.history.tables import history_transaction
from counterfoil.postgres.session import Session


def recall(database: str, session: Session) -> Mapping[str, Set[str]]:
    """By check_id, the fingerprints of the findings that are open or waived.

    Raises:
        HistoryError: the history cannot be read.
    """
    known: dict[str, set[str]] = {}
    with history_transaction(session) as cursor:
        cursor.execute(
            "select check_id, fingerprint from incidents"
            " where database_name = %s and status in ('open', 'waived')",
            (database,),
        )
        for check_id, fingerprint in cursor:
            known.setdefault(check_id, set()).add(fingerprint)
    return known
