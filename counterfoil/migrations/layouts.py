"""What the names of migration files say, as each tool reads them (tools.py)."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.facts import Direction
from counterfoil.migrations.tools import TOOLS

JOURNAL = "meta/_journal.json"
PLAN = "sqitch.plan"

OTHER_DATABASE = re.compile(
    r"^(?:my_?sql|mariadb|sqlite3?|mssql|sqlserver|oracle|clickhouse|cassandra|mongo(?:db)?)$",
    re.IGNORECASE,
)

_ROLLBACK_WORDS = "down|rollback|rollbacks|undo|revert|rolled_back"
_FORWARD_WORDS = "up|forward|do|deploy"
_ROLLBACK_FOLDER = re.compile(rf"^(?:{_ROLLBACK_WORDS})$", re.IGNORECASE)
_FORWARD_FOLDER = re.compile(rf"^(?:{_FORWARD_WORDS})$", re.IGNORECASE)
_NUMBERED = re.compile(
    # 2025_01_31_120000_x and 03.00.00_01_x have all of that for a version.
    r"^(?P<version>\d+(?:\.\d+)*(?:[_-](?:\d{2}|\d{6})(?![^._-]))*)(?:[._-]+(?P<name>.*?))?"
    rf"(?:[._-](?P<word>{_ROLLBACK_WORDS}|{_FORWARD_WORDS}))?$",
    re.IGNORECASE,
)
_FLYWAY = re.compile(r"^(?P<kind>[VUB])(?P<version>\d+(?:[._]\d+)*)__(?P<name>.+)$")
_FLYWAY_REPEATABLE = re.compile(r"^R__(?P<name>.+)$")
_FLYWAY_LIKE = re.compile(r"^[VURB]\d*_")
_FLYWAY_CALLBACK = re.compile(r"^(?:before|after)[A-Z]\w*$|^createSchema(?:__\w+)?$")
_TIMESTAMP = re.compile(r"^\d{14}(?:_|$)")
_DIESEL = re.compile(r"^(?:\d{4}-\d{2}-\d{2}-\d{4,6}|\d{14})(?:_|$)")
_NO_MIGRATION = (
    re.compile(r"_test\.go$"),
    re.compile(r"\.(?:conf|sum|lock|toml|md)$"),
)

# goose, sql-migrate, micrate; dbmate; node-pg-migrate; Play. What follows is one half.
MARKER = re.compile(
    r"^[ \t]*--[ \t]*\+(?:goose|migrate|micrate)[ \t]+(?P<a>up|down)\b.*$"
    r"|^[ \t]*--[ \t]*migrate:(?P<b>up|down)\b.*$"
    r"|^[ \t]*--[ \t]*(?P<c>up|down)[ \t]+migration\b.*$"
    r"|^[ \t]*(?:#|--)[ \t]*(?:---)?[ \t]*!(?P<d>up|down)s\b.*$"
    # tern divides: what stands before is the way forward.
    r"|^----[ \t]*create above / drop (?P<e>below)[ \t]*----.*$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = frozenset(
    {"numbered", "goose", "sql-migrate", "dbmate", "node-pg-migrate", "tern", "play"}
)
_LIQUIBASE_ROLLBACK = re.compile(r"^[ \t]*--[ \t]*rollback\b(?P<sql>.*)$", re.I | re.M)

# Where a folder is the migration: its files, and which way they go.
_FOLDERS: dict[Layout, dict[str, Direction]] = {
    "diesel": {"up": "forward", "down": "rollback"},
    "prisma": {"migration": "forward"},
}

# Migrations that a tool runs beside its SQL, and nobody here reads.
OTHER_LANGUAGES: dict[Layout, dict[str, str]] = {
    "goose": {".go": "Go"},
    "node-pg-migrate": dict.fromkeys((".js", ".cjs", ".mjs", ".ts"), "JavaScript"),
    "flyway": {".java": "Java"},
}


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

    Alembic's, Drizzle's and Sqitch's files are named by what is in them, in the journal and
    in the plan.
    """
    if layout == "flyway":
        return _read_flyway(file)
    if layout in _FOLDERS:
        return _read_folder(file, _FOLDERS[layout])
    if file.suffix.lower() != ".sql":
        return _read_other(layout, file)
    if layout == "liquibase":
        return FileName("forward", name=file.stem.lower())
    read = _read_numbered(file, has_width=layout == "numbered")
    # Supabase knows no rollbacks: whatever begins with digits is applied, by its name.
    is_forward = layout == "supabase" and read.version is not None
    return replace(read, direction="forward", name=file.stem.lower()) if is_forward else read


def reads_as(file: PurePosixPath) -> Layout | None:
    """The layout that the name of one SQL file looks like; None for no migration's."""
    if _FLYWAY.match(file.stem) or _FLYWAY_REPEATABLE.match(file.stem):
        return "flyway"
    if file.stem in ("up", "down") and _DIESEL.match(file.parent.name):
        return "diesel"
    if file.stem == "migration" and re.match(r"\d", file.parent.name):
        return "prisma"
    if _read_numbered(file, has_width=False).version is None:
        return None
    if re.search(r"\.(?:up|down)$", file.stem):
        return "golang-migrate"
    return "supabase" if _TIMESTAMP.match(file.name) and len(file.parts) == 1 else "numbered"


def application_order(
    layout: Layout, name: FileName, file: str
) -> tuple[bool, tuple[int, ...], str]:
    """What sorts the files of a folder as the tool does; without a version, they come last."""
    if TOOLS[layout].is_ordered_by_name:
        return (not name.order and layout != "liquibase", (), file)
    return (not name.order, name.order, file)


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
        and layout not in ("flyway", "diesel")
        and not file.stem.lower().endswith(".down")
        and not any(_ROLLBACK_FOLDER.match(part) for part in file.parts[:-1])
        else (file, name)
        for file, name in read
    ]


def numbers(version: str) -> tuple[int, ...]:
    """A version's parts, without the zeros that end it: 1.0 and 1 are one version."""
    parts = [int(part) for part in re.split(r"[._-]", version)]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def same_version(version: str) -> str:
    """A version spelt one way only."""
    return ".".join(map(str, numbers(version)))


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
            if not name.startswith((".", "__"))
            and not OTHER_DATABASE.match(name)
            and (depth is None or _divides(name))
        )
        if depth is not None and len(below.parts) >= depth:
            folders.clear()
        found += [below / name for name in sorted(files) if not name.startswith(".")]
    return found


def _divides(folder: str) -> bool:
    return bool(
        _ROLLBACK_FOLDER.match(folder)
        or _FORWARD_FOLDER.match(folder)
        or re.match(r"\d+[._-]", folder)
        or folder in ("deploy", "revert")
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
        digits=len(re.split(r"[._-]", version)[0]) if has_width else None,
        order=numbers(version),
    )


def _read_flyway(file: PurePosixPath) -> FileName | None:
    suffix = file.suffix.lower()
    if _FLYWAY_CALLBACK.match(file.stem) or suffix == ".conf":
        return None
    found = _FLYWAY.match(file.stem)
    if suffix not in (".sql", ".java"):
        return FileName(None, fault=f"ends in '{file.suffix}', not in .sql") if found else None
    if found:
        directions: dict[str, Direction | None] = {"V": "forward", "U": "rollback", "B": None}
        return FileName(
            direction=directions[found["kind"]],
            version=same_version(found["version"]),
            name=found["name"].lower(),
            order=(0, *numbers(found["version"])),
        )
    repeatable = _FLYWAY_REPEATABLE.match(file.stem)
    if repeatable:
        return FileName("forward", name=repeatable["name"].lower(), order=(1,))
    fault = "its name begins with no version"
    if _FLYWAY_LIKE.match(file.stem):
        fault = "has one underscore where Flyway wants two"
    return FileName(None, name=file.stem, fault=fault) if suffix == ".sql" else None


def _read_folder(file: PurePosixPath, ways: dict[str, Direction]) -> FileName | None:
    """Diesel's and Prisma's: the folder is the migration, its files the ways to go."""
    direction = ways.get(file.stem.lower())
    folder = file.parent.name
    if file.suffix.lower() != ".sql" or direction is None:
        return None
    version, _, name = folder.partition("_")
    digits = version.replace("-", "")
    if not digits.isdecimal():
        return FileName(direction, name=folder, fault="its folder's name begins with no version")
    return FileName(direction, same_version(digits), name.lower(), order=(int(digits),))


def _read_other(layout: Layout, file: PurePosixPath) -> FileName | None:
    """A file that is not SQL: another language's migration, one misnamed, or none."""
    if any(other.search(file.name) for other in _NO_MIGRATION):
        return None
    versioned = re.match(r"(\d+)[._-]", file.name)
    if versioned is None:
        return None
    if file.suffix.lower() in OTHER_LANGUAGES.get(layout, {}):
        version = versioned[1]
        return FileName("forward", same_version(version), file.stem.lower(), order=numbers(version))
    # Hidden files are editors'; what starts like a version was meant to be applied.
    is_misnamed = re.match(r"\d{2,}[._-]", file.name)
    return FileName(None, fault=f"ends in '{file.suffix}', not in .sql") if is_misnamed else None


def halves(layout: Layout, text: str) -> tuple[str, str | None]:
    """What a file does forward, and what back; None if it marks no such part.

    Lines stay where they are: the other half is blank. Text without a marker is all forward.
    """
    if layout == "liquibase":
        return _liquibase_halves(text)
    markers = list(MARKER.finditer(text)) if layout in _MARKED else []
    if not markers:
        return text, None
    preamble = text[: markers[0].start()]
    parts: dict[str, list[str]] = {"up": [preamble], "down": ["\n" * preamble.count("\n")]}
    ends = [*(marker.start() for marker in markers[1:]), len(text)]
    ways = [next(filter(None, marker.groups())).lower() for marker in markers]
    for marker, end, way in zip(markers, ends, ways, strict=True):
        part = text[marker.end() : end]
        for other, kept in parts.items():
            is_here = other == ("down" if way == "below" else way)
            kept.append(part if is_here else "\n" * part.count("\n"))
    forward, back = ("".join(kept) for kept in parts.values())
    if layout == "play":
        forward, back = _of_play(forward), _of_play(back)
    return forward, back if {"down", "below"} & {*ways} else ""


def _of_play(text: str) -> str:
    """Its comments begin with a hash, and ;; is a semicolon inside a statement."""
    return re.sub(r"^[ \t]*#.*$", "", text, flags=re.M).replace(";;", ";")


def _liquibase_halves(text: str) -> tuple[str, str | None]:
    rollbacks = list(_LIQUIBASE_ROLLBACK.finditer(text))
    if not rollbacks:
        return text, None
    lines = ["" for _ in range(text.count("\n") + 1)]
    for found in rollbacks:
        sql = found["sql"].strip()
        lines[text.count("\n", 0, found.start())] = "" if sql.lower() == "empty" else sql
    return text, "\n".join(lines)
