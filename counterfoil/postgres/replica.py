"""How far a hot standby is behind its primary: what it has not replayed, no audit sees.

The time of the last replayed transaction cannot tell: it is old on an idle primary, and just
as old where replay is paused or the connection was cut. Places in the log can. A replica
that has replayed up to where its primary was at some time is no further behind than that.
"""

import time
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import TargetError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.postgres.profiles import Target

# Whose place it is: where a replica was promoted, the places of the two do not compare.
_IDENTITY = """
    (select system_identifier from pg_control_system()),
    (select timeline_id from pg_control_checkpoint()),
    (select oid from pg_database where datname = current_database())
"""

# What is flushed holds every commit that anybody was told of. What is inserted and not flushed
# (hint bits, with checksums) an idle primary may keep to itself for a quarter of a minute.
_WHERE_THE_PRIMARY_IS = f"""
    select pg_current_wal_flush_lsn()::text, clock_timestamp(), {_IDENTITY}
"""

_HAS_REPLAYED = f"""
    select pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_is_wal_replay_paused(), {_IDENTITY}
"""

_POLL_S = 0.2


def is_replica(connection: Connection) -> bool:
    """Whether it is connected to a hot standby."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_is_in_recovery()")
        (in_recovery,) = cursor.fetchone() or (False,)
    connection.rollback()
    return bool(in_recovery)


def await_replay(
    replica: Connection, target: Target, primary: Connection, settings: Settings
) -> datetime:
    """Waits until the replica holds all that its primary holds now.

    Args:
        replica: a connection to the hot standby.
        target: it, as its operator knows it.
        primary: a connection to the database that it follows.
        settings: `replica_lag_s` is how long this may take.

    Returns:
        The primary's clock at the start of the wait: all that it held then is there.

    Raises:
        TargetError: the one is no replica of the other.
        UnavailableError: it is further behind than that.
    """
    place, at, *primarys = _one(primary, _WHERE_THE_PRIMARY_IS)
    deadline = time.monotonic() + settings.replica_lag_s
    while True:
        has_replayed, is_paused, *replicas = _one(replica, _HAS_REPLAYED, place)
        if replicas != primarys:
            raise TargetError(
                "it is a replica of another database than the one that the views are built in",
                where=str(target),
                remedy="Point both outputs of profiles.yml at one database, or at a replica of it",
            )
        if has_replayed:
            assert isinstance(at, datetime)
            return at
        if is_paused:
            raise _behind("its replay is paused", target)
        if time.monotonic() > deadline:
            raise _behind(f"by more than {settings.replica_lag_s} s", target)
        time.sleep(_POLL_S)


def _behind(how: str, target: Target) -> UnavailableError:
    return UnavailableError(
        f"the replica is behind its primary: {how}",
        where=str(target),
        remedy="Restore the replication, or raise COUNTERFOIL_REPLICA_LAG_S",
    )


def _one(connection: Connection, query: str, *values: object) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    connection.rollback()
    assert row is not None
    return row
