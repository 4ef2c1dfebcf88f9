"""Connections: how a session of ours is set, and what the driver's errors come to."""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import CounterfoilError, TargetError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.common.sqltext import identifier
from counterfoil.common.text import first_line
from counterfoil.postgres.encoding import BYTES
from counterfoil.postgres.libpq import forget_session_variables, forget_variables
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of

# Why a connection fails that may be made a moment later. Whatever else it is, a password, a
# database that is not there, will be the same the next time.
_PASSING = re.compile(
    "Connection refused|Connection reset|timeout expired|timed out|server closed the connection"
    "|the database system is|too many (clients|connections)|remaining connection slots"
    "|could not receive data|No route to host|Network is unreachable|terminating connection"
    "|No such file or directory|due to lock timeout|deadlock detected"
)


# What one statement met, and the same a moment later may not.
_CONTENDED = (
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.TooManyConnections,
)

# Seconds, and probes: either side notices within a minute that the other is gone.
_KEEPALIVE = {"idle": 30, "interval": 10, "count": 3}


_WITH_TRANSACTION_TIMEOUT = 170_000

# Of one role that does everything, at once, while it builds.
_MOST_CONNECTIONS = 7


def connect(
    target: Target,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    unset: Collection[str] = (),
) -> Connection:
    """A connection with the audit's own session settings.

    PG* variables that would change those are forgotten; of the embedded server all of them.

    Args:
        target: the database, and the role.
        settings: the operator's.
        as_of: what 'now' means; None for what the database declares.
        unset: the names of settings that are left as the role and the database have them.

    Raises:
        TargetError: the database cannot be reached, or refuses the role.
    """
    if target.is_embedded:
        forget_variables()
    forget_session_variables()
    session = {
        name: value for name, value in session_settings(settings).items() if name not in unset
    }
    if as_of is not None:
        session["counterfoil.as_of"] = as_of.isoformat()
    try:
        connection: Connection = psycopg2.connect(
            **target.libpq,
            application_name="counterfoil",
            connect_timeout=settings.connect_timeout_s,
            keepalives_idle=_KEEPALIVE["idle"],
            keepalives_interval=_KEEPALIVE["interval"],
            keepalives_count=_KEEPALIVE["count"],
            options=as_options(session),
        )
    except psycopg2.OperationalError as cause:
        raise _refusal(cause, target) from None
    if connection.info.parameter_status("server_encoding") == BYTES:
        connection.set_client_encoding(BYTES)
    if connection.server_version >= _WITH_TRANSACTION_TIMEOUT:
        with connection.cursor() as cursor:
            cursor.execute("set transaction_timeout = 0")
        connection.commit()
    return connection


@dataclass(frozen=True)
class Refusal:
    """What is raised when the driver raises, and the connection is still open.

    Attributes:
        kind: the error that is raised instead.
        what: what was refused, before Postgres' own words.
        where: in which file, key or relation; the target if empty.
        remedy: what to do about it.
    """

    kind: type[CounterfoilError]
    what: str = "Postgres refused"
    where: str = ""
    remedy: str = "Correct what Postgres names, and run again"


@contextmanager
def translated(connection: Connection, target: Target, refusal: Refusal) -> Iterator[None]:
    """Raises what the driver raises in the block as an error of ours.

    Args:
        connection: the one that is asked; whether it is still open decides what is raised.
        target: where it leads.
        refusal: what is raised while it is open.

    Raises:
        UnavailableError: the connection was lost, or another session is in the way: the same
            again may work in a moment.
        CounterfoilError: of the refusal's kind, for whatever else the driver raises.
    """
    try:
        yield
    except psycopg2.Error as cause:
        if connection.closed:
            raise lost(cause, target) from None
        if is_contended(cause):
            raise UnavailableError(
                f"{refusal.what}: {words_of(cause)}",
                where=refusal.where or str(target),
                remedy="Run again, once the other session is done",
            ) from None
        raise refusal.kind(
            f"{refusal.what}: {words_of(cause)}",
            where=refusal.where or str(target),
            remedy=refusal.remedy,
        ) from None


@contextmanager
def connected(target: Target, settings: Settings, refusal: Refusal) -> Iterator[Connection]:
    """A connection until the end of the block, in which errors are `translated`.

    Raises:
        TargetError: the database cannot be reached, or refuses the role.
    """
    with (
        closing(connect(target, settings)) as connection,
        translated(connection, target, refusal),
    ):
        yield connection


# What a rule's meaning depends on, each of which a database or a role may have otherwise. Nobody
# but the builder may make a function or an operator in the schemas of the path, so that whatever
# is called by its name alone is Postgres' own, or ours.
MEANING = {
    "search_path": f"pg_catalog,{PUBLIC_SCHEMA}",
    # Postgres raises instead of hiding rows.
    "row_security": "off",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "gin_fuzzy_search_limit": "0",
    # How values are read and written as text.
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO,MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "quote_all_identifiers": "off",
}


def session_settings(settings: Settings) -> dict[str, str]:
    """How every session of ours is set, dbt's too: what it means, and what it does not harm.

    Each is set, since the server's own may end an audit that does no harm: the exporter of
    a snapshot idles for as long as the suites run, and is missed if it is ended for that.
    """
    return MEANING | {
        # Measured (docs/performance.md): parallel workers repeat the views' aggregates, and
        # compiling them costs more than it saves. It also leaves the other cores alone.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        # To spare a sort it reads the ledger in an index's order: a page for each entry.
        "enable_incremental_sort": "off",
        "work_mem": f"{settings.work_mem_mb}MB",
        "statement_timeout": f"{settings.statement_timeout_s}s",
        "lock_timeout": f"{settings.lock_timeout_s}s",
        "idle_in_transaction_session_timeout": f"{settings.idle_timeout_s}s",
        "idle_session_timeout": "0",
        # An audit that was killed, or cut off, must not leave a query or a transaction.
        "client_connection_check_interval": f"{settings.client_check_s}s",
        **{f"tcp_keepalives_{name}": str(value) for name, value in _KEEPALIVE.items()},
    }


def as_options(session: Mapping[str, str]) -> str:
    """Settings of a session as libpq takes them, in `options` or PGOPTIONS."""
    return " ".join(f"-c {name}={value}" for name, value in session.items())


def lost(cause: BaseException, target: Target) -> UnavailableError:
    """What to say of a connection that was there, and is no more."""
    return UnavailableError(
        f"the connection was lost: {plain(cause)}",
        where=str(target),
        remedy="Run the audit again, once the database is up",
    )


def is_contended(cause: psycopg2.Error) -> bool:
    """Whether another session was in the way, of a lock or of a connection."""
    return isinstance(cause, _CONTENDED)


def is_passing(said: str) -> bool:
    """Whether what libpq says against a connection may be otherwise a moment later."""
    return _PASSING.search(said) is not None


def _refusal(cause: psycopg2.OperationalError, target: Target) -> TargetError:
    """What a connection that was not made comes to; libpq gives the reason as text only."""
    remedy = "Check that the database is up, and the host, user and password"
    if "permission denied for database" in str(cause):
        remedy = f"GRANT CONNECT ON DATABASE {identifier(target.dbname)}"
        remedy += f" TO {identifier(target.user)}"
    if "too many connections for role" in str(cause):
        remedy = f"ALTER ROLE {identifier(target.user)} CONNECTION LIMIT {_MOST_CONNECTIONS}"
    if re.search(r'role ".*" does not exist', str(cause)):
        remedy = "`counterfoil grants` prints the SQL that makes it; or check the user"
    if "unsupported startup parameter" in str(cause):
        remedy = "It is a pooler that takes no settings, as PgBouncer is: point the target at the"
        remedy += " server itself, its own port, mostly 5432"
    error = UnavailableError if is_passing(str(cause)) else TargetError
    return error(f"cannot connect: {plain(cause)}", where=str(target), remedy=remedy)


def plain(cause: BaseException) -> str:
    """A driver's message without the host that it repeats and the hints after it."""
    return first_line(cause).rsplit("failed: ", 1)[-1]
