"""What every command shares: how it speaks, and how it fails."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from counterfoil.common.errors import EXIT_ERROR, CounterfoilError
from counterfoil.common.text import one_line

out = Console()
err = Console(stderr=True)


def say(text: str = "", *, style: str = "") -> None:
    """A line on stdout, shown as it is: no markup, no emoji, no colour of what is in it."""
    out.print(Text(text, style), soft_wrap=True)


def tell(line: Text) -> None:
    """A line on stdout, whole; at a terminal broken between words, each part as far indented."""
    if not out.is_terminal:
        out.print(line, soft_wrap=True)
        return
    indent = len(line.plain) - len(line.plain.lstrip())
    out.print(Padding(line[indent:], (0, 0, 0, indent), expand=False))


def say_error(text: str) -> None:
    """An error on stderr, in one printable line."""
    err.print(Text.assemble(("error:", "red"), f" {one_line(text)}"), soft_wrap=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """An error is printed in one line, and ends with exit code 3."""
    try:
        yield
    except CounterfoilError as error:
        say_error(str(error))
        raise typer.Exit(EXIT_ERROR) from None
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except Exception as cause:
        if isinstance(cause, OSError) and isinstance(cause.filename, str | Path):
            remedy = "Check the path and its permissions"
            refusal = CounterfoilError(
                str(cause.strerror), where=str(cause.filename), remedy=remedy
            )
            say_error(str(refusal))
            raise typer.Exit(EXIT_ERROR) from None
        # Its message is the log's: a driver's may quote a row.
        say_error(f"unexpected {type(cause).__name__}. See {_logged(cause)} for the traceback.")
        raise typer.Exit(EXIT_ERROR) from None


def _logged(cause: Exception) -> Path:
    """Appends where an error came from to the log; the file."""
    file = log_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S %Z}\n")
            traceback.print_exception(cause, file=log)
    except OSError:
        # Better a traceback than none.
        traceback.print_exception(cause)
    return file


def log_file() -> Path:
    """Where unexpected errors are written: beside dbt's own log."""
    from counterfoil.common.settings import settings

    return settings().project_dir / "logs" / "counterfoil.log"


class _OneLineHandler(logging.Handler):
    """Each record as one printable line on stderr, above a status that may stand there."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(Text(one_line(record.getMessage())), soft_wrap=True)


def show_progress() -> None:
    """The package's own log lines, and nobody else's, on stderr as they come."""
    log = logging.getLogger("counterfoil")
    log.addHandler(_OneLineHandler())
    log.setLevel(logging.INFO)
    log.propagate = False
