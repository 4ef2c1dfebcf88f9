"""A user's files: read with errors that say what is wrong with one, and written whole."""

import os
from pathlib import Path

from counterfoil.common.errors import CounterfoilError


def read_text(
    path: Path, error: type[CounterfoilError], *, if_missing: str = "Check the path"
) -> str:
    """The text of a file, without a byte order mark.

    Args:
        path: as the user gave it.
        error: what is raised.
        if_missing: what to do if there is no such file.

    Raises:
        error: it is missing, no file, unreadable or not UTF-8; names the byte.
    """
    where = str(path)
    try:
        # Whoever opens a pipe waits for its other end, for ever if nobody is there.
        if path.exists() and not path.is_file() and not path.is_dir():
            raise error("no file but a pipe or a device", where=where, remedy="Name a file")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error("no such file", where=where, remedy=if_missing) from None
    except UnicodeDecodeError as cause:
        raise error(
            f"not UTF-8 text, from byte {cause.start} on",
            where=where,
            remedy="Save it as UTF-8, or check that it is the right file",
        ) from None
    except (OSError, ValueError) as cause:
        # Python itself refuses a path that holds a NUL, as a ValueError.
        reason = getattr(cause, "strerror", None) or str(cause)
        raise error(
            f"cannot be read: {reason}",
            where=where,
            remedy="Check the path and its permissions",
        ) from None


def write_whole(path: Path, text: str) -> None:
    """Puts a text in a file's place in one step: a reader finds the old one or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
