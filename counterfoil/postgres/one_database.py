"""That all who connect in a run are in one database.

A snapshot that one session exports can be imported by sessions of the same database alone: a
copy of it with the same views, a server that was restored from its backup, a replica that was
promoted have the same names and identifiers, and other rows.
"""

from counterfoil.common.errors import TargetError
from counterfoil.common.settings import Settings
from counterfoil.postgres.connection import Refusal, connected
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.replica import is_replica


def check_one_database(builder: Target, others: tuple[Target, ...], settings: Settings) -> None:
    """That the others lead where the builder's target leads.

    A hot standby is left to `await_replay`, which holds it against its primary.

    Args:
        builder: who builds the views.
        others: who asserts, and who writes.
        settings: the operator's.

    Raises:
        TargetError: one leads elsewhere, or cannot be reached.
        UnavailableError: a connection was lost.
    """
    elsewhere = Refusal(
        TargetError,
        f"it is another database than that of {builder}",
        remedy="Point both outputs of profiles.yml at one database, or at a replica of it",
    )
    with connected(builder, settings, Refusal(TargetError)) as first:
        first.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with first.cursor() as cursor:
            cursor.execute("select pg_export_snapshot()")
            (snapshot,) = cursor.fetchone() or ("",)
        for other in dict.fromkeys(others):
            if other == builder:
                continue
            with connected(other, settings, elsewhere) as second:
                if is_replica(second):
                    continue
                second.set_session(isolation_level="REPEATABLE READ", readonly=True)
                with second.cursor() as cursor:
                    cursor.execute("set transaction snapshot %s", (snapshot,))
