"""What an audit must know of those before it, before it looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil.audit.evidence import Key
from counterfoil.history.tables import history_transaction
from counterfoil.postgres.session import Session


@dataclass(frozen=True)
class Recalled:
    """The findings that are open or waived, to be looked for again.

    Attributes:
        keys: by check_id, the keys of the findings.
        fingerprints: each (check_id, fingerprint) of them.
    """

    keys: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    fingerprints: frozenset[tuple[str, str]] = frozenset()


def recall(database: str, session: Session) -> Recalled:
    """The unresolved incidents of a database.

    Raises:
        HistoryError: the history cannot be read.
    """
    keys: dict[str, list[Key]] = {}
    fingerprints = set()
    with history_transaction(session) as cursor:
        cursor.execute(
            "select check_id, fingerprint, key from incidents"
            " where database_name = %s and status in ('open', 'waived')",
            (database,),
        )
        for check_id, fingerprint, key in cursor:
            keys.setdefault(check_id, []).append(key)
            fingerprints.add((check_id, fingerprint))
    return Recalled(keys, frozenset(fingerprints))
