"""What migration files say, each fact with the file and the line that says it.

Facts are judged nowhere in Python: they are loaded as tables (load.py), and the views of
models/migrations/ say what is wrong. A class here is a table there, field for column.
"""

from dataclasses import dataclass, field
from typing import Literal

from counterfoil.contract.layouts import Layout

Direction = Literal["forward", "rollback"]
Action = Literal["creates", "removes", "refers"]

# Stands in a text for a piece that only the running migration would know.
HOLE = "\x00"


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder of migrations, and what its contract says of it."""

    tree: str
    layout: Layout
    folder: str
    default_schema: str
    wants_qualified_names: bool
    wants_rollbacks: bool


@dataclass(frozen=True, slots=True)
class Provided:
    """A schema, or one table of it, that something other than the migrations creates."""

    tree: str
    schema_name: str
    table_name: str | None


@dataclass(frozen=True, slots=True)
class MigrationFile:
    """One file.

    Attributes:
        file: its path below the audited folder.
        direction: what applying it does; None for a file that is no migration.
        version: what orders it, spelt one way only (V01_2 and V1.2 are one version).
        name: the rest of its name, which pairs files of a doubled version.
        digits: how many digits its version is written with; None where width is free.
        position: its place in the order of application; None if it is not applied forward.
        holds_rollback: whether it holds its own rollback; None where that is another file.
        changes_something: whether it does anything forward (a rollback: anything at all).
        undoes_something: the same of the rollback that it holds.
        fault: what is wrong with its name or content, in words; None if nothing is.
        recorded_as: what the tool's own record of applied versions calls it.
        sha256: of its bytes (Drizzle records it).
        crc32: of its lines (Flyway records it).
        is_old: it is no newer than the contract's baseline.
    """

    tree: str
    file: str
    direction: Direction | None
    version: str | None
    name: str
    digits: int | None
    position: int | None
    holds_rollback: bool | None
    changes_something: bool
    undoes_something: bool
    fault: str | None
    recorded_as: str | None
    sha256: str | None
    crc32: int | None
    is_old: bool


@dataclass(frozen=True, slots=True)
class ParseFault:
    """Text that is not valid PostgreSQL or Python."""

    tree: str
    file: str
    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A statement of which only a run would show what it does.

    `creates` and `removes` are SQL patterns (LIKE) of the schema.table names that it may
    bring or take; None where it can do neither.
    """

    tree: str
    file: str
    line: int
    position: int
    reason: str
    creates: str | None
    removes: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement does to, or needs of, one relation, type or schema.

    Attributes:
        kind: table, view, temporary, type or schema.
        schema_name: as written; None for an unqualified name.
        search_path: where an unqualified name is looked for, in order; the first takes what
            is created.
        needed_by: what refers to the object, in words: "foreign key of lead.campaigns".
        is_conditional: it is guarded: IF [NOT] EXISTS, a condition, a caught exception.
        column_list: a table's columns with their types, to compare two creations.
    """

    tree: str
    file: str
    line: int
    position: int
    direction: Direction
    action: Action
    kind: str
    schema_name: str | None
    object_name: str
    search_path: tuple[str, ...]
    needed_by: str | None
    is_conditional: bool
    column_list: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """An Alembic revision; `position` is None if a cycle keeps it from being ordered."""

    tree: str
    revision: str
    file: str
    line: int
    position: int | None


@dataclass(frozen=True, slots=True)
class Parent:
    """A revision that another one stands on (down_revision) or waits for (depends_on)."""

    tree: str
    revision: str
    parent: str
    file: str
    line: int
    is_dependency: bool


@dataclass(frozen=True, slots=True)
class ModelTable:
    """A table that an SQLAlchemy model declares, or that one of its keys names."""

    tree: str
    file: str
    line: int
    schema_name: str | None
    table_name: str
    named_by: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment in a migration that accepts a check's findings about its file."""

    tree: str
    file: str
    line: int
    check_id: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one tree, to be said before anything is judged.

    Attributes:
        layout: the tool whose files they are.
        folder: as its contract names it.
        file_count: the migrations and rollbacks that were read.
        not_read: the other files of the folder.
    """

    tree: str
    layout: Layout
    folder: str
    file_count: int
    not_read: tuple[str, ...]


@dataclass
class Facts:
    """Everything that was read of one or more trees; `readings` are said, and not loaded."""

    readings: list[Reading] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    provided: list[Provided] = field(default_factory=list)
    files: list[MigrationFile] = field(default_factory=list)
    parse_faults: list[ParseFault] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    parents: list[Parent] = field(default_factory=list)
    models: list[ModelTable] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)
