"""What squawk says of the migrations, where it is installed: locks and style are its to judge.

https://squawkhq.com/docs/cli
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from counterfoil.common.errors import MigrationsError
from counterfoil.common.text import first_line
from counterfoil.migrations.facts import Lint, Tree
from counterfoil.migrations.layouts import halves
from counterfoil.migrations.scripts import Script
from counterfoil.migrations.textfile import read_text

_LONGEST_S = 300
# Of one call: a command line is not endless.
_MOST_FILES = 500
# Ours is told by migrations.parse.
_LEFT_OUT = "syntax-error"


def lint(tree: Tree, scripts: Sequence[Script], base: Path) -> list[Lint]:
    """Its findings of what the files do forward, under the user's own .squawk.toml.

    Raises:
        MigrationsError: it is not on the PATH, or fails.
    """
    squawk = shutil.which("squawk")
    if squawk is None:
        remedy = "Install it: pip install squawk-cli"
        raise MigrationsError("squawk is not on the PATH", remedy=remedy)
    found = []
    with tempfile.TemporaryDirectory(prefix="counterfoil-") as folder:
        for flags, kind in (([], ("statement",)), (["--assume-in-transaction"], ("file", "all"))):
            files = {
                str(_to_read(tree, script, base, Path(folder, str(number)))): script.file
                for number, script in enumerate(scripts)
                if script.transaction in kind or (script.transaction == "script" and bool(flags))
            }
            names = list(files)
            for start in range(0, len(names), _MOST_FILES):
                command = [
                    squawk,
                    "--reporter",
                    "json",
                    *flags,
                    *names[start : start + _MOST_FILES],
                ]
                found += [
                    Lint(tree.tree, files[str(name)], line, rule, message)
                    for name, line, rule, message in _said(command, base / tree.folder)
                ]
    return found


def _to_read(tree: Tree, script: Script, base: Path, made: Path) -> Path:
    """The file itself; or what it does forward, line for line, where it holds more than that."""
    file = (base / script.file).absolute()
    if tree.layout == "alembic":
        text = ""
        for piece in script.pieces:
            text += "\n" * (piece.line - 1 - text.count("\n")) + (piece.sql and f"{piece.sql};")
    else:
        whole = read_text(file).text
        text, _ = halves(tree.layout, whole)
        if text == whole:
            return file
    made.with_suffix(".sql").write_text(text, encoding="utf-8", errors="replace")
    return made.with_suffix(".sql")


def _said(command: list[str], folder: Path) -> Iterator[tuple[str, int, str, str]]:
    """The file, line, rule and words of each of its findings."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_LONGEST_S, check=False
        )
        for one in json.loads(done.stdout or "[]"):
            if one["rule_name"] != _LEFT_OUT:
                # It counts lines from 0.
                yield one["file"], one["line"] + 1, one["rule_name"], one["message"]
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as cause:
        raise MigrationsError(
            f"squawk cannot be understood: {first_line(cause)}",
            remedy="Run `squawk --reporter json` on a file; 2.70 is known to work",
        ) from None
