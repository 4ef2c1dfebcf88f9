"""What Alembic's revisions send when they are run for real: in a process of its own, with no
network and none of this one's environment, against a database that goes with it.

What they sent is replayed then like everybody's SQL, on another empty database.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from counterfoil.migrations.scratch import Database
from counterfoil.migrations.scripts import Piece, Script, TreeScripts
from counterfoil.migrations.sql import read_sql
from counterfoil.migrations.textfile import read_text

LONGEST_RUN_S = 300.0

_CHILD = Path(__file__).with_name("run_revisions.py")


def as_run(scripts: TreeScripts, database: Database, base: Path, tree: Path) -> TreeScripts:
    """The same files with what they send when they are run; one that ends with an error of its
    own, and not of PostgreSQL's, keeps what its text says.

    Args:
        scripts: as they were read.
        database: what they run on, with all that something else provides.
        base: what the files are relative to.
        tree: the folder of the revisions.
    """
    steps = [(script, "upgrade") for script in scripts.forward]
    steps += [(script, "downgrade") for script in scripts.back]
    told = _run(steps, database, base, tree)
    found = [_script(script, base, told.get(step)) for step, (script, _) in enumerate(steps)]
    count = len(scripts.forward)
    return TreeScripts(found[:count], found[count:])


def _run(
    steps: Sequence[tuple[Script, str]], database: Database, base: Path, tree: Path
) -> dict[int, list[dict[str, Any]]]:
    """By step, what was written down of it."""
    info = database.connection.info
    with tempfile.TemporaryDirectory(prefix="counterfoil-") as home:
        out = Path(home, "sent")
        order = {
            "host": info.host,
            "database": info.dbname,
            "steps": [
                (
                    str((base / script.file).absolute()),
                    way,
                    [piece.sql for piece in script.pieces if piece.sql],
                )
                for script, way in steps
            ],
            "out": str(out),
            "path": [str(path.absolute()) for path in (Path(), base, tree, tree.parent)],
        }
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-I", str(_CHILD)],
                input=json.dumps(order).encode(),
                env={"PATH": "/usr/bin:/bin", "HOME": home, "LANG": "C.UTF-8"},
                cwd=home,
                timeout=LONGEST_RUN_S,
                capture_output=True,
                check=False,
            )
        told: dict[int, list[dict[str, Any]]] = defaultdict(list)
        with suppress(FileNotFoundError, ValueError):
            # Of a process that was stopped, the last line may be a part of one.
            for line in out.read_text(encoding="utf-8").splitlines():
                said = json.loads(line)
                told[said["step"]].append(said)
        return told


def _script(script: Script, base: Path, told: list[dict[str, Any]] | None) -> Script:
    if told is None:
        says = "an earlier revision ended the run, or took longer than it may"
        return Script(script.file, (Piece(1, unknown=says),), script.transaction)
    if any(said.get("is_read") for said in told):
        ended = [piece for said in told if said.get("ended") for piece in _pieces(said, "")]
        return replace(script, pieces=(*script.pieces, *ended))
    source = read_text(base / script.file).text
    pieces = [piece for said in told for piece in _pieces(said, source)]
    if not told[-1].get("is_done"):
        pieces.append(
            Piece(told[-1]["line"], unknown="it ended the run, or took longer than it may")
        )
    return Script(script.file, tuple(pieces), script.transaction)


def _pieces(said: dict[str, Any], source: str) -> list[Piece]:
    line = said["line"]
    if ended := said.get("ended"):
        return [Piece(line, unknown=f"the revision ended here: {ended}")]
    text = said.get("sql")
    if not text:
        return []
    # Where it is written out, its own lines are known.
    at = source.find(text.strip())
    first = source.count("\n", 0, at) + 1 if at >= 0 else line
    pieces = read_sql(text.strip(), first_line=first).pieces
    return pieces if at >= 0 else [Piece(line, piece.sql, piece.unknown) for piece in pieces]
