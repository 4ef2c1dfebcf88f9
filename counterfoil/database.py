"""Connections, and the one instant that an audit sees.

Comparing a table read at 02:00:01 with one read at 02:00:03 invents discrepancies under
live traffic. So every query of an audit runs at one `Instant`: either a snapshot that one
idle transaction exports and all others import, or a single open transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import psycopg2
import sqlalchemy as sa
from psycopg2.extensions import connection as Connection  # noqa: N812
from sqlalchemy.pool import StaticPool

from counterfoil.errors import TargetError
from counterfoil.profiles import Target
from counterfoil.settings import Settings

PUBLIC_SCHEMA = "counterfoil"
STAGING_SCHEMA = "counterfoil_staging"
HISTORY_SCHEMA = "counterfoil_history"

_NOW = """
    select coalesce(
        nullif(current_setting('counterfoil.as_of', true), '')::timestamptz,
        transaction_timestamp()
    )
"""


class Instant(Protocol):
    """One instant of a database, which any number of engines can be tied to."""

    @property
    def as_of(self) -> datetime:
        """What 'now' means."""

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for `sqlalchemy.create_engine`."""

    def pin(self, engine: sa.Engine) -> None:
        """Makes each transaction of an engine made with those arguments see the instant."""


@dataclass(frozen=True)
class Snapshot:
    """An exported snapshot; each engine tied to it opens connections of its own."""

    target: Target
    settings: Settings
    identifier: str
    as_of: datetime

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for an engine of one read-only connection."""
        return {"creator": self._connect, "pool_size": 1, "max_overflow": 0}

    def pin(self, engine: sa.Engine) -> None:
        """Imports the snapshot at the start of each of the engine's transactions."""

        @sa.event.listens_for(engine, "begin")
        def _import_snapshot(connection: sa.Connection) -> None:
            connection.exec_driver_sql(f"set transaction snapshot '{self.identifier}'")

    def _connect(self) -> Connection:
        connection = connect(self.target, self.settings, as_of=self.as_of)
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

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments for an engine on that very connection."""
        return {
            "creator": lambda: self.connection,
            "poolclass": _BorrowingPool,
            "isolation_level": "AUTOCOMMIT",
        }

    def pin(self, engine: sa.Engine) -> None:
        """Nothing to do: the connection is in its transaction."""


def connect(target: Target, settings: Settings, *, as_of: datetime | None = None) -> Connection:
    """A connection with the audit's own session settings.

    Postgres raises instead of hiding rows (row_security), days are UTC, and no query or
    lock is waited for longer than the settings allow.

    Raises:
        TargetError: the database cannot be reached, or refuses the role.
    """
    session = {
        "search_path": f"{PUBLIC_SCHEMA},pg_catalog",
        "row_security": "off",
        "timezone": "UTC",
        # Measured (docs/performance.md): parallel workers repeat the views' aggregates, and
        # compiling them costs more than it saves. It also leaves the other cores alone.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "statement_timeout": f"{settings.statement_timeout_s}s",
        "lock_timeout": f"{settings.lock_timeout_s}s",
    }
    if as_of is not None:
        session["counterfoil.as_of"] = as_of.isoformat()
    try:
        connection: Connection = psycopg2.connect(
            **target.libpq,
            application_name="counterfoil",
            connect_timeout=settings.connect_timeout_s,
            options=" ".join(f"-c {name}={value}" for name, value in session.items()),
        )
    except psycopg2.OperationalError as cause:
        raise TargetError(
            f"cannot connect: {_plain(cause)}",
            where=str(target),
            remedy="Check that the database is up, and the host, user and password",
        ) from None
    return connection


@contextmanager
def open_snapshot(target: Target, settings: Settings) -> Iterator[Snapshot]:
    """Holds one instant of the target's database open, read-only, while in the block.

    The exporter reads no table, so it holds no lock that an ALTER would wait for.

    Raises:
        TargetError: the database cannot be reached, or cannot export its instant.
    """
    connection = connect(target, settings)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        yield _export(connection, target, settings)
    finally:
        connection.close()


def _export(connection: Connection, target: Target, settings: Settings) -> Snapshot:
    try:
        with connection.cursor() as cursor:
            # The exporter idles while the suites run; were it ended, imports would fail.
            cursor.execute("set local idle_in_transaction_session_timeout = 0")
            cursor.execute(_NOW)
            (as_of,) = cursor.fetchone() or (None,)
            cursor.execute("select pg_export_snapshot()")
            (identifier,) = cursor.fetchone() or (None,)
    except psycopg2.errors.DataError as cause:
        raise TargetError(
            f"its counterfoil.as_of is no instant: {cause}",
            where=str(target),
            remedy=f"ALTER DATABASE {target.dbname} RESET counterfoil.as_of, or set an instant",
        ) from None
    except psycopg2.Error as cause:
        raise TargetError(
            f"cannot export a snapshot: {cause}", where=str(target), remedy="Mend that"
        ) from None
    assert isinstance(as_of, datetime)
    assert isinstance(identifier, str)
    return Snapshot(target, settings, identifier, as_of)


@contextmanager
def pinned_engine(instant: Instant) -> Iterator[sa.Engine]:
    """An engine of the audit's own that sees the instant."""
    engine = sa.create_engine("postgresql+psycopg2://", **instant.engine_arguments())
    instant.pin(engine)
    try:
        yield engine
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
            cursor.execute(_NOW)
            (now,) = cursor.fetchone() or (None,)
        assert isinstance(now, datetime)
        yield OpenTransaction(connection, now)
    finally:
        # Ends the transaction too, whatever state it is in: nothing of it is kept.
        connection.close()


def _plain(cause: Exception) -> str:
    """A driver's message without the host that it repeats and the hints after it."""
    return str(cause).strip().split("\n")[0].rsplit("failed: ", 1)[-1]
