"""`counterfoil` as a process of its own, without the seconds that its imports take.

A server of multiprocessing's has imported what an audit imports, and forks: each process has
its own pid, session, files and exit code, as if a shell had started it. Prefect, whose settings
are those that its first import finds, each imports for itself.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from typing import Any

from counterfoil.commands.app import main
from counterfoil.pipeline import host

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    ["great_expectations", "counterfoil.commands.app", "counterfoil.pipeline.run"]
)
_numbers = count(1)


class Counterfoil:
    """`counterfoil` with these arguments, under way.

    Args:
        arguments: of the command line.
        folder: where it runs, and where what it says is kept.
        environment: all of its variables.
        delays_s: how long it waits for a database that did not answer, each time.
    """

    def __init__(
        self,
        *arguments: str | Path,
        folder: Path,
        environment: Mapping[str, str] = os.environ,
        delays_s: Sequence[float] = host.DELAYS_S,
    ) -> None:
        self.command = ["counterfoil", *map(str, arguments)]
        number = next(_numbers)
        self._out, self._err = (folder / f".{name}.{number}" for name in ("stdout", "stderr"))
        self._process = _FORKING.Process(
            target=_become,
            args=(self.command, folder, dict(environment), (self._out, self._err), delays_s),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Of itself and of its session."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def out(self) -> str:
        """What it has said by now."""
        return self._read(self._out)

    @property
    def err(self) -> str:
        """What it has said on stderr by now."""
        return self._read(self._err)

    def poll(self) -> int | None:
        """Its exit code, the negative number of a signal, or None: it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its exit code, once it has ended; past the seconds it is killed."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise TimeoutExpired(self.command, timeout, self.out, self.err)
        return code

    def kill(self) -> None:
        """At once, and nothing below it."""
        self._process.kill()

    @staticmethod
    def _read(file: Path) -> str:
        with suppress(FileNotFoundError):
            return file.read_text(encoding="utf-8")
        return ""


def counterfoil(*arguments: str | Path, folder: Path, **given: Any) -> CompletedProcess[str]:
    """What `counterfoil` with these arguments comes to and says, at its end."""
    process = Counterfoil(*arguments, folder=folder, **given)
    code = process.wait(300)
    return CompletedProcess(process.command, code, process.out, process.err)


def _become(
    command: list[str],
    folder: Path,
    environment: dict[str, str],
    said: tuple[Path, Path],
    delays_s: Sequence[float],
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(said, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    host.DELAYS_S = tuple(delays_s)
    sys.argv = command
    main()
