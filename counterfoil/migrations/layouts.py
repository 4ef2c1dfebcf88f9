"""How the tools that apply migrations name their files, and how a folder's is recognised.

| Layout | Files | Rollback | Order |
|---|---|---|---|
| numbered | 0001_x.sql, 0001_x.up.sql, 0001_x/up.sql | _rollback, .down, marker | number |
| sql-migrate | the same, marked `-- +migrate Up` | `-- +migrate Down` | number |
| supabase | 20250101120000_x.sql | none | timestamp |
| drizzle | 0000_x.sql, named in meta/_journal.json | none | the journal's |
| flyway | V1.2__x.sql, R__x.sql | U1.2__x.sql | version, then R by name |
| alembic | *.py with revision and down_revision | downgrade() | their graph |
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from counterfoil.migrations.choices import Layout
from counterfoil.migrations.facts import Direction

JOURNAL = "meta/_journal.json"

_MOST_FOLDERS = 20_000
_NOT_LOOKED_INTO = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "dist", "build", "target"}
)

_ROLLBACK_WORDS = "down|rollback|rollbacks|undo|revert|rolled_back"
_FORWARD_WORDS = "up|forward|do|deploy"
_ROLLBACK_FOLDER = re.compile(rf"^(?:{_ROLLBACK_WORDS})$", re.IGNORECASE)
_FORWARD_FOLDER = re.compile(rf"^(?:{_FORWARD_WORDS})$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"^(?P<version>\d+(?:\.\d+)*)(?:[._-]+(?P<name>.*?))?"
    rf"(?:[._-](?P<word>{_ROLLBACK_WORDS}|{_FORWARD_WORDS}))?$",
    re.IGNORECASE,
)
_FLYWAY = re.compile(r"^(?P<kind>[VUB])(?P<version>\d+(?:[._]\d+)*)__(?P<name>.+)$")
_FLYWAY_REPEATABLE = re.compile(r"^R__(?P<name>.+)$")
_FLYWAY_LIKE = re.compile(r"^[VURB]\d*_")
_TIMESTAMP = re.compile(r"^\d{14}(?:_|$)")
_REVISION = re.compile(r"^\s*(?:down_)?revision\s*(?::[^=\n]+)?=", re.MULTILINE)

MARKER = re.compile(
    r"^[ \t]*--[ \t]*(?:\+goose|\+migrate|\+micrate|migrate:)[ \t]*(?P<way>up|down)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_SQL_MIGRATE_MARKER = re.compile(r"^[ \t]*--[ \t]*\+migrate[ \t]+(?:up|down)\b", re.I | re.M)

PROVIDED_SCHEMAS: dict[str, tuple[str, ...]] = {
    "supabase": (
        "auth",
        "storage",
        "realtime",
        "extensions",
        "graphql",
        "graphql_public",
        "vault",
        "pgsodium",
        "pgbouncer",
        "cron",
        "net",
        "supabase_functions",
        "supabase_migrations",
    )
}
ALWAYS_PROVIDED = ("pg_catalog", "information_schema")


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says.

    Attributes:
        direction: what applying it does; None if that is nothing.
        version: spelt one way only: no leading zeros, and dots between its parts.
        name: the rest.
        digits: how many digits it is written with; None where that is free.
        order: what sorts the files of a folder.
        fault: what is wrong with it; None if nothing is.
    """

    direction: Direction | None
    version: str | None = None
    name: str = ""
    digits: int | None = None
    order: tuple[int, ...] = ()
    fault: str | None = None


def read_name(layout: Layout, file: PurePosixPath) -> FileName | None:
    """What the name of a file below a folder of that layout says; None if it is no migration.

    Alembic's and Drizzle's files are named by what is in them and in the journal.
    """
    if layout == "flyway":
        return _read_flyway(file)
    if file.suffix.lower() != ".sql":
        is_misnamed = _NUMBERED.match(file.stem) and re.match(r"\d{2,}[._-]", file.name)
        # Hidden files are editors'; what starts like a version was meant to be applied.
        return (
            FileName(None, fault=f"ends in '{file.suffix}', not in .sql") if is_misnamed else None
        )
    return _read_numbered(file, has_width=layout != "supabase")


def read_names(
    layout: Layout, files: Iterable[PurePosixPath]
) -> list[tuple[PurePosixPath, FileName]]:
    """The files that are migrations, each with what its name says.

    0007_drill_down.sql is no rollback: no file goes forward to its version.
    """
    read = [(file, name) for file in files if (name := read_name(layout, file))]
    forward = {name.version for _, name in read if name.direction == "forward"}
    return [
        (file, replace(name, direction="forward", name=file.stem.lower()))
        if name.direction == "rollback"
        and name.version not in forward
        and layout == "numbered"
        and not any(_ROLLBACK_FOLDER.match(part) for part in file.parts[:-1])
        else (file, name)
        for file, name in read
    ]


def numbers(version: str) -> tuple[int, ...]:
    """A version's parts, without the zeros that end it: 1.0 and 1 are one version."""
    parts = [int(part) for part in re.split(r"[._]", version)]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def same_version(version: str) -> str:
    """A version spelt one way only."""
    return ".".join(map(str, numbers(version)))


def detect(folder: Path) -> Layout | None:  # noqa: PLR0911
    """The layout of a folder's migrations; None if it holds none."""
    if (folder / JOURNAL).is_file():
        return "drizzle"
    files = [folder / file for file in list_files(folder, depth=2)]
    if any(file.suffix == ".py" and _is_revision(file) for file in files):
        return "alembic"
    sql = [file for file in files if file.suffix.lower() == ".sql"]
    if any(_FLYWAY.match(file.stem) or _FLYWAY_REPEATABLE.match(file.stem) for file in sql):
        return "flyway"
    versioned = [
        file
        for file in sql
        if (name := _read_numbered(PurePosixPath(file.relative_to(folder)), has_width=True))
        and name.version is not None
    ]
    if not versioned:
        return None
    if any(_holds(file, _SQL_MIGRATE_MARKER) for file in versioned[:5]):
        return "sql-migrate"
    is_timestamped = all(_TIMESTAMP.match(file.name) and file.parent == folder for file in sql)
    if is_timestamped and not any(_holds(file, MARKER) for file in versioned[:5]):
        return "supabase"
    return "numbered"


def find_folders(folder: Path) -> list[Path]:
    """The folders at or below `folder` that hold migrations, none inside another."""
    found: list[Path] = []
    for looked_at, (path, folders, _) in enumerate(os.walk(folder)):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO
        )
        if looked_at >= _MOST_FOLDERS:
            break
        if detect(Path(path)):
            found.append(Path(path))
            folders.clear()
    return found


def list_files(folder: Path, *, depth: int | None = None) -> list[PurePosixPath]:
    """The files below a folder that may be migrations, by name. Linked folders are not
    entered, so that no loop of them is ever walked.

    Args:
        depth: how many folders deep; one deeper only into folders that a migration's file
            name may be divided over (up/, rollbacks/, 0001_users/). None for all.
    """
    found: list[PurePosixPath] = []
    for path, folders, files in os.walk(folder):
        below = PurePosixPath(Path(path).relative_to(folder).as_posix())
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith((".", "__")) and (depth is None or _divides(name))
        )
        if depth is not None and len(below.parts) >= depth:
            folders.clear()
        found += [below / name for name in sorted(files) if not name.startswith(".")]
    return found


def _divides(folder: str) -> bool:
    return bool(
        _ROLLBACK_FOLDER.match(folder)
        or _FORWARD_FOLDER.match(folder)
        or re.match(r"\d{2,}[._-]", folder)
    )


def _read_numbered(file: PurePosixPath, *, has_width: bool) -> FileName:
    stem, folder = file.stem, file.parent.name
    # 0001_users/up.sql, and Prisma's 20250101120000_users/migration.sql
    if re.fullmatch(rf"{_ROLLBACK_WORDS}|{_FORWARD_WORDS}|migration", stem, re.I) and re.match(
        r"\d", folder
    ):
        stem = f"{folder}.{'up' if stem.lower() == 'migration' else stem}"
    found = _NUMBERED.match(stem)
    in_rollback_folder = any(_ROLLBACK_FOLDER.match(part) for part in file.parts[:-1])
    if found is None:
        ends_so = re.search(rf"[._-](?:{_ROLLBACK_WORDS})$", stem, re.I)
        return FileName(
            "rollback" if in_rollback_folder or ends_so else "forward",
            name=stem,
            fault="its name begins with no version",
        )
    word = found["word"] or ""
    is_rollback = in_rollback_folder or bool(re.fullmatch(_ROLLBACK_WORDS, word, re.I))
    version = found["version"]
    name = found["name"] or ""
    if is_rollback and not word:
        name = re.sub(rf"[._-](?:{_ROLLBACK_WORDS})$", "", name, flags=re.I)
    return FileName(
        direction="rollback" if is_rollback else "forward",
        version=same_version(version),
        name=name.lower(),
        digits=len(version.partition(".")[0]) if has_width else None,
        order=numbers(version),
    )


def _read_flyway(file: PurePosixPath) -> FileName | None:
    if file.suffix.lower() not in (".sql", ".java"):
        if _FLYWAY.match(file.stem):
            return FileName(None, fault=f"ends in '{file.suffix}', not in .sql")
        return None
    if found := _FLYWAY.match(file.stem):
        directions: dict[str, Direction | None] = {"V": "forward", "U": "rollback", "B": None}
        return FileName(
            direction=directions[found["kind"]],
            version=same_version(found["version"]),
            name=found["name"].lower(),
            order=(0, *numbers(found["version"])),
        )
    if found := _FLYWAY_REPEATABLE.match(file.stem):
        return FileName("forward", name=found["name"].lower(), order=(1,))
    if file.suffix.lower() == ".java":
        return None
    wanted = "has one underscore where Flyway wants two" if _FLYWAY_LIKE.match(file.stem) else None
    return FileName(None, name=file.stem, fault=wanted or "its name begins with no version")


def _is_revision(file: Path) -> bool:
    return _holds(file, _REVISION) and file.name != "env.py"


def _holds(file: Path, expression: re.Pattern[str]) -> bool:
    try:
        with file.open("rb") as stream:
            start = stream.read(65_536)
    except OSError:
        return False
    return expression.search(start.decode("latin-1")) is not None


def halves(text: str) -> tuple[str, str | None]:
    """What a marked file does forward, and what back; None if it has no such part.

    Lines stay where they are: the other half is blank. Text without a marker is all forward.
    """
    markers = list(MARKER.finditer(text))
    if not markers:
        return text, None
    parts: dict[str, list[str]] = {"up": [], "down": []}
    preamble = text[: markers[0].start()]
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    for marker, end in zip(markers, ends, strict=True):
        part = text[marker.start() : end]
        way = marker["way"].lower()
        for other, kept in parts.items():
            kept.append(part if other == way else "\n" * part.count("\n"))
    forward = preamble + "".join(parts["up"])
    has_down = any(marker["way"].lower() == "down" for marker in markers)
    back = "\n" * preamble.count("\n") + "".join(parts["down"])
    return forward, back if has_down else ""
