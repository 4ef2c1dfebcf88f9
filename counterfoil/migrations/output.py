"""What came of a folder of migrations, as it is printed."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from counterfoil.migrations.workspace import JudgedFolder
from counterfoil.publish.body import Body
from counterfoil.publish.choices import Format
from counterfoil.publish.formats import Line, Told, lines_of
from counterfoil.publish.formats import render as rendered

# How many of a folder's files that were not read are named.
_NAMED = 3


def render(judged: JudgedFolder, folder: Path, form: Format) -> str:
    """The outcome in one of the forms; each says first what was read, and by which tool's rules.

    Args:
        judged: whose findings name their files relative to `folder`.
        folder: as the user named it, so that a click on a path finds the file.
        form: which one.
    """
    below = PurePosixPath(folder.as_posix())
    unknown = [
        Line(row.check_id, "unknown", row.message, str(below / row.file), row.line)
        for row in judged.unknown
    ]
    # To be pasted where the command was called.
    moves = f"git -C {shlex.quote(below.as_posix())} mv "
    lines = [
        replace(line, fix=line.fix and line.fix.replace("git mv ", moves))
        for line in lines_of(judged.audit, unknown, below=below)
    ]
    return rendered(Told(Body(judged.audit, (), ()), lines, list(_read(judged, below))), form)


def _read(judged: JudgedFolder, below: PurePosixPath) -> Iterator[str]:
    for reading in judged.readings:
        said = f"Read {below / reading.folder} ({reading.layout}): "
        said += f"{reading.file_count:,} files"
        if reading.not_read:
            first, rest = reading.not_read[:_NAMED], len(reading.not_read) - _NAMED
            said += f"; not read: {', '.join(first)}" + (f" and {rest:,} more" if rest > 0 else "")
        yield said
    for left in judged.left_out:
        why = f"for {left.tool}" if left.is_other_database else f"of {left.tool}, not supported"
        yield f"Not read {below / left.folder}: {left.file_count:,} files {why}"
