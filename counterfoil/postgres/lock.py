"""One audit of a database at a time, whoever starts it: two would rebuild the same views."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from counterfoil.common.errors import LockError
from counterfoil.postgres.connection import Refusal, connect, translated
from counterfoil.postgres.session import Session

_KEY = "hashtextextended('counterfoil.audit', 0)"

_HOLDER = f"""
    select lock.pid, to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI:SS "UTC"')
    from pg_catalog.pg_locks as lock
    left join pg_catalog.pg_stat_activity as activity on activity.pid = lock.pid
    where lock.locktype = 'advisory'
        and lock.granted
        and lock.database = (select oid from pg_database where datname = current_database())
        and (lock.classid::bigint << 32 | lock.objid::bigint) = {_KEY}
"""  # noqa: S608 - a constant


@contextmanager
def only_audit(session: Session) -> Iterator[None]:
    """Keeps every other audit of the database away while in the block.

    The lock is an advisory one of a session on the database that the views are built in. A
    replica's would not reach its primary, so an audit of a replica locks the primary: two
    replicas of one database are not audited at once either. It ends with the session, so a
    killed audit leaves none. A pooler that hands out connections by transaction undoes it.

    Raises:
        LockError: another audit runs; says since when.
        TargetError: the database cannot be reached.
    """
    with closing(connect(session.builder, session.settings)) as connection:
        connection.autocommit = True
        refused = translated(connection, session.builder, Refusal(LockError))
        with refused, connection.cursor() as cursor:
            cursor.execute(f"select pg_try_advisory_lock({_KEY})")
            (is_alone,) = cursor.fetchone() or (False,)
            cursor.execute(_HOLDER)
            holder, since = cursor.fetchone() or ("unknown", None)
        if not is_alone:
            raise LockError(
                f"another audit of this database runs since {since or 'an unknown time'}"
                f" (process {holder} of Postgres)",
                where=str(session.builder),
                remedy="Let it end, then run again",
            )
        yield
