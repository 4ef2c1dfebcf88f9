"""The one instant that an audit sees.

Comparing a table read at 02:00:01 with one read at 02:00:03 invents discrepancies under
live traffic. So every query of an audit runs at one `Instant`: either a snapshot that one
idle transaction exports and all others import, or a single open transaction.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from sqlalchemy.pool import StaticPool

from counterfoil.common.errors import TargetError, UnavailableError
from counterfoil.common.settings import Settings
from counterfoil.common.text import first_line
from counterfoil.postgres.connection import connect, lost
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.replica import await_replay, is_replica
from counterfoil.postgres.session import Session
from counterfoil.postgres.words import words_of

# The clock is read once the snapshot is taken: what was written a moment before it must not
# be of the future.
_NOW = """
    select as_of, isfinite(as_of)
    from coalesce(
        nullif(current_setting('counterfoil.as_of', true), '')::timestamptz,
        case when pg_is_in_recovery() then greatest(%s, pg_last_xact_replay_timestamp()) end,
        clock_timestamp()
    ) as as_of
"""

# A merge join may take the order of an index for its own.
_WITHOUT_INDEXES = (
    "set local enable_indexscan = off",
    "set local enable_indexonlyscan = off",
    "set local enable_bitmapscan = off",
    "set local enable_mergejoin = off",
)


class Instant(Protocol):
    """One instant of a database, which any number of engines can be tied to."""

    @property
    def as_of(self) -> datetime:
        """What 'now' means."""

    @property
    def queries_at_once(self) -> int:
        """How many of its queries may run at the same time, on connections of their own."""

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for `sqlalchemy.create_engine`."""

    def pin(self, engine: sa.Engine) -> None:
        """Makes each transaction of an engine made with those arguments see the instant."""

    def distrust_indexes(self) -> None:
        """Has each transaction that begins from now on read tables, and no index."""

    def check_unbroken(self) -> None:
        """That nothing was asked in vain because a connection was lost."""


@dataclass(frozen=True)
class Snapshot:
    """An exported snapshot; each engine tied to it opens connections of its own.

    Great Expectations makes a failed check of whatever is raised, a lost connection too. So
    each loss is noted where it happens, and `check_unbroken` tells of it.
    """

    target: Target
    settings: Settings
    exporter: Connection
    identifier: str
    as_of: datetime
    losses: list[UnavailableError] = field(default_factory=list)
    planning: list[str] = field(default_factory=list)

    @property
    def queries_at_once(self) -> int:
        """As many as the operator allows."""
        return self.settings.queries_at_once

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for an engine of one read-only connection."""
        return {"creator": self._connect, "pool_size": 1, "max_overflow": 0}

    def pin(self, engine: sa.Engine) -> None:
        """Imports the snapshot at the start of each of the engine's transactions."""

        @sa.event.listens_for(engine, "begin")
        def _import_snapshot(connection: sa.Connection) -> None:
            connection.exec_driver_sql(f"set transaction snapshot '{self.identifier}'")
            for statement in self.planning:
                connection.exec_driver_sql(statement)

        @sa.event.listens_for(engine, "handle_error")
        def _note_loss(context: sa.engine.ExceptionContext) -> None:
            conflicts = isinstance(context.original_exception, psycopg2.errors.SerializationFailure)
            if context.is_disconnect or conflicts:
                self.losses.append(lost(context.original_exception, self.target))

    def distrust_indexes(self) -> None:
        """Has each transaction that begins from now on read tables, and no index."""
        self.planning.extend(_WITHOUT_INDEXES)

    def check_unbroken(self) -> None:
        """That each connection is as it was when the instant was opened.

        Raises:
            UnavailableError: one was lost, or a replica had to end its query: what was asked
                on it has no answer, and what was asked at this instant cannot be asked again.
        """
        try:
            with self.exporter.cursor() as cursor:
                cursor.execute("select")
        except psycopg2.Error as cause:
            self.losses.append(lost(cause, self.target))
        if self.losses:
            raise self.losses[0]

    def _connect(self) -> Connection:
        try:
            connection = connect(self.target, self.settings, as_of=self.as_of)
        except UnavailableError as cause:
            self.losses.append(cause)
            raise
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return connection


class _BorrowingPool(StaticPool):
    """A pool of one connection that is somebody else's."""

    def dispose(self) -> None:
        """Leaves the connection open: closing it would end its owner's transaction."""

    def recreate(self) -> "_BorrowingPool":
        """Itself: an engine asks for a new pool when it is disposed of, and logs that."""
        return self


@dataclass(frozen=True)
class OpenTransaction:
    """A transaction that is open already; every engine tied to it shares its connection.

    What it has changed and not committed is seen: that is how a fault can be tried, or a
    repair proven, and rolled back. The connection must be in autocommit with its
    transaction begun by hand, or the pool's reset would end the transaction.
    """

    connection: Connection
    as_of: datetime

    @property
    def queries_at_once(self) -> int:
        """One: there is one connection."""
        return 1

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for an engine on that very connection."""
        return {
            "creator": lambda: self.connection,
            "poolclass": _BorrowingPool,
            "isolation_level": "AUTOCOMMIT",
        }

    def pin(self, engine: sa.Engine) -> None:
        """Nothing to do: the connection is in its transaction."""

    def distrust_indexes(self) -> None:
        """Has what is left of the transaction read tables, and no index."""
        with self.connection.cursor() as cursor:
            for statement in _WITHOUT_INDEXES:
                cursor.execute(statement)

    def check_unbroken(self) -> None:
        """Nothing to do: what is lost with this connection is its owner's to notice."""


@contextmanager
def open_snapshot(session: Session) -> Iterator[Snapshot]:
    """Holds one instant of the auditor's database open, read-only, while in the block.

    The exporter reads no table, so it holds no lock that an ALTER would wait for. Where the
    auditor's is a replica, the builder's is its primary, asked how far it is behind.

    Raises:
        TargetError: the database cannot be reached, or cannot export its instant.
        UnavailableError: it is a replica that is too far behind.
    """
    connection = connect(session.auditor, session.settings)
    try:
        caught_up_at = _catch_up(connection, session)
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield _export(connection, session, caught_up_at)
    finally:
        connection.close()


def _catch_up(connection: Connection, session: Session) -> datetime | None:
    """When the primary held what the auditor sees; None if that is no replica."""
    target, settings = session.auditor, session.settings
    if not is_replica(connection):
        return None
    if session.builder == target:
        raise TargetError(
            "it is a replica, and no primary is named to compare it with",
            where=str(target),
            remedy="Build the views as an output of its primary, and assert as T_audit",
        )
    with closing(connect(session.builder, settings)) as asked:
        return await_replay(connection, target, asked, settings)


def _export(connection: Connection, session: Session, caught_up_at: datetime | None) -> Snapshot:
    target = session.auditor
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_export_snapshot()")
            (identifier,) = cursor.fetchone() or (None,)
            as_of = _now(cursor, target, caught_up_at)
    except psycopg2.Error as cause:
        if connection.closed:
            raise lost(cause, target) from None
        raise TargetError(
            f"cannot export a snapshot: {words_of(cause)}",
            where=str(target),
            remedy="Correct what Postgres names, and run again",
        ) from None
    assert isinstance(identifier, str)
    return Snapshot(target, session.settings, connection, identifier, as_of)


def _now(cursor: Cursor, target: Target, caught_up_at: datetime | None = None) -> datetime:
    """What 'now' means to an audit that begins.

    Raises:
        TargetError: the database declares what is no instant, or none of Python's years, which
            are those from 1 to 9999.
    """
    try:
        cursor.execute(_NOW, (caught_up_at,))
        now, is_finite = cursor.fetchone() or (None, False)
        if not is_finite:
            raise ValueError("it is infinite")
    except (psycopg2.errors.DataError, ValueError, OverflowError) as cause:
        raise TargetError(
            f"its counterfoil.as_of is not an instant: {first_line(cause)}",
            where=str(target),
            remedy=f"ALTER DATABASE {target.dbname} RESET counterfoil.as_of, or set an instant",
        ) from None
    assert isinstance(now, datetime)
    return now


@contextmanager
def pinned_connection(instant: Instant) -> Iterator[sa.Connection]:
    """A connection of the audit's own that sees the instant.

    Raises:
        UnavailableError: it cannot be made, or the block raised and a connection was lost.
    """
    engine = sa.create_engine("postgresql+psycopg2://", **instant.engine_arguments())
    instant.pin(engine)
    try:
        with engine.connect() as connection:
            yield connection
    except Exception:
        # Whatever it is, and whosever error: if a connection was lost, that is what to say.
        instant.check_unbroken()
        raise
    finally:
        engine.dispose()


@contextmanager
def open_transaction(
    target: Target, settings: Settings, *, as_of: datetime | None = None
) -> Iterator[OpenTransaction]:
    """A transaction that may write, is seen by whoever is tied to it, and is never committed.

    Args:
        target: a database, through a role that may write.
        settings: the operator's.
        as_of: what 'now' means; None for what the database declares, or its own now.

    Raises:
        TargetError: the database cannot be reached.
    """
    connection = connect(target, settings, as_of=as_of)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("begin isolation level repeatable read read write")
            now = _now(cursor, target)
        yield OpenTransaction(connection, now)
    finally:
        # Ends the transaction too, whatever state it is in: nothing of it is kept.
        connection.close()
