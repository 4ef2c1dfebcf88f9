"""What every command shares: where it prints, and how it fails."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from counterfoil.errors import CounterfoilError
from counterfoil.gate import EXIT_ERROR

out = Console()
err = Console(stderr=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What a user can mend is said in one line, and ends with exit code 3."""
    try:
        yield
    except CounterfoilError as error:
        err.print(f"[red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(EXIT_ERROR) from None


def show_progress() -> None:
    """The package's own log lines, and nobody else's, on stderr as they come."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("counterfoil")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
