"""PostgreSQL servers for the tests beside the demo's: the oldest that is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counterfoil.profiles import Target

_INSTALLED = Path("/usr/lib/postgresql")


def oldest_installed() -> Path | None:
    """The binaries of the distribution's oldest PostgreSQL that Counterfoil knows, if any."""
    versions = [
        int(folder.name)
        for folder in _INSTALLED.glob("*")
        if folder.name.isdigit() and (folder / "bin" / "initdb").is_file()
    ]
    known = [version for version in versions if version >= 15]
    return _INSTALLED / str(min(known)) / "bin" if known else None


@contextmanager
def server(binaries: Path) -> Iterator[Target]:
    """A server of those binaries on a socket of its own, gone afterwards.

    PostgreSQL does not run as root: then the files are those of the user nobody.
    """
    user = "nobody" if os.geteuid() == 0 else None
    # Not pytest's own folder, which others than its user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-"))
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / program, *arguments],
            user=user,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    data = str(folder / "data")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    try:
        # fmt: off
        run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale", "C.UTF-8", "-N")
        # fmt: on
        run("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield Target(
                name="other", type="postgres", host=str(folder), user="postgres", dbname="postgres"
            )
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)
