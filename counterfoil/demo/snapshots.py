"""The dated snapshots of the audited application's database, and loading them.

Which snapshot is loaded is read from the instant that the database itself declares
(`counterfoil.as_of`), so that nothing of the demo's own lies among the application's
tables.
"""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import psycopg2.errors
import psycopg2.extensions
from psycopg2 import sql

from counterfoil.common.errors import DemoError
from counterfoil.demo.databases import SQL_DIR, ensure_database, one_line_refusals, sql_of, url_of
from counterfoil.postgres.schemas import HISTORY_SCHEMA
from counterfoil.postgres.server import running_server, start_server

DATABASE = "empwr"

_SQL_DIR = SQL_DIR / DATABASE
_SCHEMA_FILE = "schema.sql"
_CREATED = re.compile(r"^create table (\w+)", re.MULTILINE)
_AS_OF = "counterfoil.as_of"
_LOCK_TIMEOUT = "10s"
_DEFAULT = "overnight"
# What audits wrote, and not of which version the history is, nor which views stand.
_WRITTEN_BY_AUDITS = """
    select tablename from pg_tables
    where schemaname = %s and tablename not in ('schema_migrations', 'built_views')
"""


@dataclass(frozen=True)
class Snapshot:
    """One dated state of the demo database.

    Attributes:
        name: what a user calls it.
        as_of: the instant (UTC) that an audit of it takes as now.
        files: the SQL files of demo/empwr that make it, in order, after the schema.
    """

    name: str
    as_of: datetime
    files: tuple[str, ...]


SNAPSHOTS = {
    snapshot.name: snapshot
    for snapshot in (
        Snapshot(
            name="overnight",
            as_of=datetime(2025, 10, 30, 5, tzinfo=UTC),
            files=("overnight.sql",),
        ),
        Snapshot(
            name="afternoon",
            as_of=datetime(2025, 10, 30, 16, tzinfo=UTC),
            files=("overnight.sql", "afternoon.sql"),
        ),
    )
}


def start(data_dir: Path, snapshot: str | None = None) -> str:
    """Start the demo database, or find it running, and have a snapshot in it.

    A snapshot that is loaded already is not loaded again: rows that a user changed to
    try something stay changed. `load` resets them.

    Args:
        data_dir: the directory that holds, or will hold, the server's files.
        snapshot: a key of SNAPSHOTS; None keeps what is loaded, and loads "overnight"
            into a database that has none of the application's tables.

    Returns:
        The libpq URL of the database, for psycopg2 and psql alike.

    Raises:
        DemoError: the snapshot is unknown, or the server cannot be started or loaded.
    """
    wanted = _known(_DEFAULT if snapshot is None else snapshot)
    directory = start_server(data_dir)
    with _loading(data_dir, directory) as cursor:
        if not _existing_tables(cursor) or (
            snapshot is not None and not _is_declared(cursor, wanted)
        ):
            _fill(cursor, wanted)
    return url_of(directory, DATABASE)


def load(data_dir: Path, snapshot: str = _DEFAULT, *, with_history: bool = False) -> str:
    """Put a snapshot into the running demo database, whatever is in it.

    Only the rows of the application's tables are replaced, in one transaction;
    other schemas, and views on top of these tables, stay. So do changes that a user
    made to the tables' columns or constraints.

    Args:
        data_dir: the directory that holds the server's files.
        snapshot: a key of SNAPSHOTS.
        with_history: what audits have found is forgotten as well: the next one is the first.

    Returns:
        The libpq URL of the database.

    Raises:
        DemoError: the snapshot is unknown, the server does not run, or the rows cannot
            be replaced; nothing has changed then.
    """
    wanted = _known(snapshot)
    directory = running_server(data_dir)
    with _loading(data_dir, directory) as cursor:
        _fill(cursor, wanted)
        if with_history:
            _forget_audits(cursor)
    return url_of(directory, DATABASE)


def _known(name: str) -> Snapshot:
    if name not in SNAPSHOTS:
        raise DemoError(
            f"there is no snapshot {name!r}", remedy=f"Choose one of {', '.join(SNAPSHOTS)}"
        )
    return SNAPSHOTS[name]


@contextmanager
def _loading(data_dir: Path, directory: Path) -> Iterator[psycopg2.extensions.cursor]:
    """Open the one transaction of a load, alone among loads."""
    with one_line_refusals(data_dir, DATABASE):
        ensure_database(directory, DATABASE)
        try:
            with (
                closing(psycopg2.connect(url_of(directory, DATABASE))) as connection,
                connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("set local search_path to public")
                cursor.execute("set local lock_timeout to %s", (_LOCK_TIMEOUT,))
                cursor.execute(
                    "select pg_advisory_xact_lock(hashtextextended('counterfoil.demo', 0))"
                )
                yield cursor
        except psycopg2.errors.LockNotAvailable as error:
            raise DemoError(
                f"another session has held the demo's tables for {_LOCK_TIMEOUT}",
                where=DATABASE,
                remedy="Let it commit or end it, then load again",
            ) from error


def _fill(cursor: psycopg2.extensions.cursor, snapshot: Snapshot) -> None:
    tables = _existing_tables(cursor)
    if not tables:
        cursor.execute(sql_of(_SQL_DIR / _SCHEMA_FILE))
    elif missing := [table for table in _tables() if table not in tables]:
        raise DemoError(
            f"of the application's tables, {', '.join(missing)} no longer exist",
            where=DATABASE,
            remedy="Put them back, or stop the demo and delete its data directory",
        )
    else:
        _empty_tables(cursor)
    for file in snapshot.files:
        cursor.execute(sql_of(_SQL_DIR / file))
    cursor.execute(f"alter database {DATABASE} set {_AS_OF} = %s", (_instant(snapshot),))


def _empty_tables(cursor: psycopg2.extensions.cursor) -> None:
    # Not TRUNCATE, which is not MVCC-safe: a REPEATABLE READ audit that was opened
    # before the load, and reads a table only after it, would see 0 rows. This lock
    # keeps out writers, whose rows would survive or break the load, but no reader.
    tables = [sql.Identifier("public", table) for table in reversed(_tables())]
    cursor.execute(
        sql.SQL("lock table {} in share row exclusive mode").format(sql.SQL(", ").join(tables))
    )
    for table in tables:
        cursor.execute(sql.SQL("delete from {}").format(table))


def _forget_audits(cursor: psycopg2.extensions.cursor) -> None:
    cursor.execute(_WRITTEN_BY_AUDITS, (HISTORY_SCHEMA,))
    if tables := [sql.Identifier(HISTORY_SCHEMA, table) for (table,) in cursor.fetchall()]:
        cursor.execute(sql.SQL("truncate {} restart identity").format(sql.SQL(", ").join(tables)))


def _tables() -> list[str]:
    """The application's, as its schema makes them: parents first."""
    return _CREATED.findall(sql_of(_SQL_DIR / _SCHEMA_FILE))


def _existing_tables(cursor: psycopg2.extensions.cursor) -> frozenset[str]:
    cursor.execute(
        "select tablename from pg_tables where schemaname = 'public' and tablename = any(%s)",
        (_tables(),),
    )
    return frozenset(name for (name,) in cursor.fetchall())


def _is_declared(cursor: psycopg2.extensions.cursor, snapshot: Snapshot) -> bool:
    # Not current_setting(): a role or a session may have set its own.
    cursor.execute(
        "select from pg_db_role_setting"
        " inner join pg_database on pg_db_role_setting.setdatabase = pg_database.oid"
        " where datname = %s and setrole = 0 and %s = any(setconfig)",
        (DATABASE, f"{_AS_OF}={_instant(snapshot)}"),
    )
    return cursor.rowcount > 0


def _instant(snapshot: Snapshot) -> str:
    return f"{snapshot.as_of:%Y-%m-%dT%H:%M:%SZ}"
