"""Which tool a folder's migrations are of: by what the tool leaves, then by most files."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.layouts import JOURNAL, OTHER_DATABASE, PLAN, list_files, reads_as

_MOST_FOLDERS = 20_000
_NOT_LOOKED_INTO = frozenset(
    {"node_modules", "__pycache__", "venv", "site-packages", "dist", "build", "target", "vendor"}
)
# How many of a folder's files are opened to see what is in them.
_MOST_OPENED = 20
# How far up from a folder a tool's own file may lie.
_FARTHEST_UP = 3

_NAMED_FOR_MIGRATIONS = re.compile(r"migrat|versions|evolutions|changelog", re.IGNORECASE)
_OF_A_REVISION = re.compile(r"^(?:down_revision\b|def upgrade\b)", re.MULTILINE)
# Of the module itself: any function may have an argument of that name.
_REVISION = re.compile(r"^(?:down_)?revision[ \t]*(?::[^=\n]+)?=[^=]", re.MULTILINE)

# What one tool alone puts into its folder.
_LEFT_BEHIND: tuple[tuple[str, Layout], ...] = (
    (PLAN, "sqitch"),
    (JOURNAL, "drizzle"),
    ("migration_lock.toml", "prisma"),
    ("atlas.sum", "atlas"),
    ("tern.conf", "tern"),
)

# What stands in the files of one tool alone.
_INSIDE: tuple[tuple[Layout, str], ...] = (
    ("goose", r"^[ \t]*--[ \t]*\+goose[ \t]+up\b"),
    ("sql-migrate", r"^[ \t]*--[ \t]*\+migrate[ \t]+(?:up|down)\b"),
    ("dbmate", r"^[ \t]*--[ \t]*migrate:up\b"),
    ("node-pg-migrate", r"^[ \t]*--[ \t]*(?:up|down)[ \t]+migration\b"),
    ("tern", r"^----[ \t]*create above / drop below[ \t]*----"),
    ("play", r"^[ \t]*(?:#|--)[ \t]*(?:---)?[ \t]*!(?:ups|downs)\b"),
    ("liquibase", r"\A\s*--[ \t]*liquibase[ \t]+formatted[ \t]+sql"),
)
_SAID_INSIDE = tuple(
    (layout, re.compile(expression, re.IGNORECASE | re.MULTILINE)) for layout, expression in _INSIDE
)

# Migrations that are not SQL, nor Alembic's: the tool, and what tells its files.
_NOT_SUPPORTED: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = tuple(
    (tool, re.compile(name), re.compile(inside) if inside else None)
    for tool, name, inside in (
        ("Django", r"^\d{4}_\w+\.py$", r"\bmigrations\.Migration\b"),
        ("Rails", r"^\d{14}_\w+\.rb$", None),
        ("Laravel", r"^\d{4}_\d{2}_\d{2}_\d{6}_\w+\.php$", None),
        ("Doctrine", r"^Version\d{14}\.php$", None),
        ("Ecto", r"^\d{14}_\w+\.exs$", None),
        ("Entity Framework", r"^\d{14}_\w+\.cs$", r"\bMigrationBuilder\b"),
        (
            "a JavaScript tool (Knex, TypeORM, Sequelize, MikroORM, node-pg-migrate)",
            r"^(?:\d{8,}[-_.].*|Migration\d{8,}.*)\.(?:c|m)?[jt]s$",
            r"\b(?:up|down)\b",
        ),
        (
            "Liquibase in XML, YAML or JSON",
            r"(?:change-?log|liquibase).*\.(?:xml|ya?ml|json)$",
            r"<databaseChangeLog\b|^\s*databaseChangeLog:|\"databaseChangeLog\"",
        ),
        ("goose in Go", r"^\d+_\w+\.go$", r"\bgoose\.Add(?:Named)?Migration"),
    )
)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder of migrations that are not judged.

    Attributes:
        folder: below the one that was searched.
        tool: whose they are, or the other database that they are for.
        file_count: how many.
        is_other_database: they are not PostgreSQL's; nothing is missed by leaving them out.
    """

    folder: str
    tool: str
    file_count: int
    is_other_database: bool


def detect(folder: Path) -> Layout | None:
    """The layout of a folder's migrations; None if it holds none."""
    if is_of_another_database(folder):
        return None
    own = _by_what_it_left(folder)
    if own is not None:
        return own
    files = [PurePosixPath(file) for file in list_files(folder, depth=2)]
    python = [file for file in files if file.suffix == ".py" and file.name != "env.py"]
    has_env = any((place / "env.py").is_file() for place in (folder, folder.parent))
    for file in python[:_MOST_OPENED]:
        text = _content(folder / file)
        if _REVISION.search(text) and (has_env or _OF_A_REVISION.search(text)):
            return "alembic"
    return _by_its_files(folder, [file for file in files if file.suffix.lower() == ".sql"])


def search(folder: Path) -> tuple[dict[Path, Layout], list[LeftOut]]:
    """The folders at or below one that hold migrations, none inside another, and what beside
    them is not judged."""
    found: dict[Path, Layout] = {}
    left_out: list[LeftOut] = []
    for looked_at, (name, folders, files) in enumerate(os.walk(folder)):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO
        )
        if looked_at >= _MOST_FOLDERS:
            break
        path = Path(name)
        if layout := detect(path):
            found[path] = layout
            folders[:] = [name for name in folders if OTHER_DATABASE.match(name)]
        left_out += _left_out(path, path.relative_to(folder).as_posix(), sorted(files))
    return found, left_out


def _left_out(path: Path, below: str, names: Sequence[str]) -> Iterator[LeftOut]:
    if is_of_another_database(path):
        count = sum(name.endswith(".sql") for name in names)
        if count:
            yield LeftOut(below, path.name, count, is_other_database=True)
        return
    for tool, expression, inside in _NOT_SUPPORTED:
        named = [path / name for name in names if expression.search(name)]
        if inside and not any(_holds(file, inside) for file in named[:_MOST_OPENED]):
            continue
        if named:
            yield LeftOut(below, tool, len(named), is_other_database=False)


def is_of_another_database(folder: Path) -> bool:
    """Whether the folder says by its name, or its tool's lock, that it is not PostgreSQL's."""
    lock = _content(folder / "migration_lock.toml")
    provider = re.search(r'provider\s*=\s*"(\w+)"', lock)
    if provider:
        return provider[1] not in ("postgresql", "postgres", "cockroachdb")
    return any(OTHER_DATABASE.match(part) for part in (folder.name, folder.parent.name))


def _by_what_it_left(folder: Path) -> Layout | None:
    for name, layout in _LEFT_BEHIND:
        if (folder / name).is_file():
            return layout
    is_supabase = folder.parent.name == "supabase" or (folder.parent / "config.toml").is_file()
    if folder.name == "migrations" and is_supabase and any(folder.glob("[0-9]*_*.sql")):
        return "supabase"
    return None


def _by_its_files(folder: Path, files: Sequence[PurePosixPath]) -> Layout | None:
    """The layout that most of the files have; none if most are no migrations."""
    opened = files[:: max(len(files) // _MOST_OPENED, 1)]
    inside = Counter(said for file in opened if (said := _said_inside(folder / file)))
    for layout, count in inside.most_common(1):
        if count * 2 >= len(opened):
            return layout
    names = Counter(said for file in files if (said := reads_as(file)))
    if not names:
        return None
    if names.total() * 2 < len(files) and not _NAMED_FOR_MIGRATIONS.search(folder.name):
        return None
    most, _ = names.most_common(1)[0]
    if most in ("golang-migrate", "supabase", "numbered") and _is_of_sqlx(folder):
        return "sqlx"
    if most == "numbered" and _lies_below(folder, ("diesel.toml",)):
        return "diesel"
    return most


def _is_of_sqlx(folder: Path) -> bool:
    return any(
        (parent / ".sqlx").is_dir()
        or re.search(r"^\s*sqlx\b", _content(parent / "Cargo.toml"), re.M)
        for parent in _upwards(folder)
    )


def _lies_below(folder: Path, names: Iterable[str]) -> bool:
    return any((parent / name).is_file() for parent in _upwards(folder) for name in names)


def _upwards(folder: Path) -> list[Path]:
    return [folder, *folder.absolute().parents][: _FARTHEST_UP + 1]


def _said_inside(file: Path) -> Layout | None:
    text = _content(file)
    return next((layout for layout, said in _SAID_INSIDE if said.search(text)), None)


def _holds(file: Path, expression: re.Pattern[str]) -> bool:
    return expression.search(_content(file)) is not None


def _content(file: Path) -> str:
    """Its first 64 kB; nothing of what cannot be read."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(65_536).decode("latin-1")
    except OSError:
        return ""
