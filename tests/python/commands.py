"""The command line without a process of its own, for tests to which a process is nothing."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from counterfoil.commands.app import main
from counterfoil.common.settings import settings


def counterfoil(*arguments: str | Path, **variables: str) -> CompletedProcess[str]:
    """What `counterfoil` with these arguments and variables comes to, and says.

    Not for what imports Prefect, whose settings are those of its first import.
    """
    command = ["counterfoil", *map(str, arguments)]
    code = 0
    with (
        _surroundings(command, variables),
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return CompletedProcess(command, code, out.getvalue(), err.getvalue())


@contextmanager
def _surroundings(command: list[str], variables: dict[str, str]) -> Iterator[None]:
    """What a process would have of its own, and what ends with it."""
    log = logging.getLogger("counterfoil")
    handlers, level, propagate = list(log.handlers), log.level, log.propagate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", command)
        for name, value in variables.items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            yield
        finally:
            settings.cache_clear()
            log.handlers, log.propagate = handlers, propagate
            log.setLevel(level)
