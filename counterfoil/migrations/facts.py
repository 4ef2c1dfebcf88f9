"""What migrations say, and what a server said of them, each fact with its file and line.

Facts are judged nowhere in Python: they are loaded as tables (load.py), and the views of
models/migrations/ say what is wrong. A class here is a table there, field for column.
"""

from dataclasses import dataclass, field
from typing import Literal

from counterfoil.contract.layouts import Layout
from counterfoil.migrations.scripts import TreeScripts

Direction = Literal["forward", "rollback"]

# What a refused statement was refused for; syntax is found by reading already.
RefusedFor = Literal["missing table", "doubled table", "doubled type", "syntax", "other"]

DemandKind = Literal["new column", "not null", "unique", "drop table", "drop column"]

# In a refusal's names: whatever there is may be missing, or other than it should be.
ANYTHING = "%"


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder of migrations, and what its contract says of it.

    `replayed_from` is a digest of what it was replayed from; None if it was only read.
    `is_linted` says that squawk was asked.
    """

    tree: str
    layout: Layout
    folder: str
    default_schema: str
    wants_rollbacks: bool
    replayed_from: str | None = None
    is_linted: bool = False


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
    """Text that is not valid PostgreSQL or Python, or (`is_unknown`) that cannot be told."""

    tree: str
    file: str
    line: int
    problem: str
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class UnqualifiedName:
    """A table that is named without its schema."""

    tree: str
    file: str
    line: int
    table_name: str


@dataclass(slots=True)
class Refused:
    """A statement that a server refused on an empty database, or that could not be judged there.

    Attributes:
        number: its place among the refusals of its tree.
        says: PostgreSQL's words, or why it could not be judged.
        refused_for: what kind of refusal it is.
        object_name: the table or type that is missing, or is there already.
        explanation: where that is, or was; None if nothing is known.
        fix: the name that is meant, with its schema, where the statement runs with it.
        severity: warning for what was passed over and harms nothing.
        is_unknown: the migrations are not at fault, or nobody can say.
        follows: the number of the refusal without which it might not have been refused.
        touches: the names of what it would have made, changed or dropped; or ANYTHING.
    """

    tree: str
    number: int
    file: str
    line: int
    direction: Direction
    says: str
    refused_for: RefusedFor = "other"
    object_name: str | None = None
    explanation: str | None = None
    fix: str | None = None
    severity: Literal["critical", "warning"] = "critical"
    is_unknown: bool = False
    follows: int | None = None
    touches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that is there once all migrations are applied, or (no name) a schema.

    Attributes:
        kind: table, view, or schema: something else fills that, with what nobody listed.
        file: the file that made it; None where something else provides it.
    """

    tree: str
    schema_name: str
    relation_name: str | None
    kind: Literal["table", "view", "schema"]
    file: str | None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a statement asks of the rows of a table, or takes with it.

    Attributes:
        kind: a column that is NOT NULL, a unique key, or what is dropped.
        columns: those that it is about; none where that is the table.
        changed_by: the files before it, or its own, that change rows of the table.
        is_so: whether a row of the live table would fail it, or be lost; None if it cannot be
            asked.
    """

    tree: str
    file: str
    line: int
    kind: DemandKind
    schema_name: str
    table_name: str
    columns: tuple[str, ...]
    changed_by: tuple[str, ...] = ()
    is_so: bool | None = None


@dataclass(frozen=True, slots=True)
class Lint:
    """What squawk says of a line."""

    tree: str
    file: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Revision:
    """An Alembic revision; `position` is None if a cycle keeps it from being ordered, `branch`
    the label of the branch that it is on, if one was given."""

    tree: str
    revision: str
    file: str
    line: int
    position: int | None
    branch: str | None


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
    """A table that an SQLAlchemy model declares, or that one of its keys names.

    `table_name` is None for a file of models that cannot be read.
    """

    tree: str
    file: str
    line: int
    schema_name: str | None
    table_name: str | None
    named_by: str


@dataclass(frozen=True, slots=True)
class ModelColumn:
    """A column that an SQLAlchemy model says its table has.

    Attributes:
        column_name: None, as its table is, for one that cannot be read.
        is_nullable: whether it may be null; None where only a run would show.
        type_name: Postgres' name of its type, `text` whatever its length; None if that is not
            certain, or it is an enum.
        labels: the values of an enum.
        unread: what of it could not be read; None if all was.
    """

    tree: str
    file: str
    line: int
    schema_name: str | None
    table_name: str | None
    column_name: str | None
    is_nullable: bool | None
    type_name: str | None = None
    labels: tuple[str, ...] | None = None
    unread: str | None = None
    named_by: str = ""


@dataclass(frozen=True, slots=True)
class MadeColumn:
    """A column of a table or view that is there once all migrations are applied.

    Attributes:
        type_name: Postgres' own, `text` whatever its length, or an enum with its schema; None of
            other types.
        is_nullable: None of a view's.
        labels: the values of an enum.
    """

    tree: str
    schema_name: str
    relation_name: str
    column_name: str
    type_name: str | None
    is_nullable: bool | None
    labels: tuple[str, ...] | None


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
    """Everything that is known of one or more trees.

    `readings` and `scripts` (by tree, what a replay runs) are not loaded.
    """

    readings: list[Reading] = field(default_factory=list)
    scripts: dict[str, TreeScripts] = field(default_factory=dict)
    suppressions: list[Suppression] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    files: list[MigrationFile] = field(default_factory=list)
    parse_faults: list[ParseFault] = field(default_factory=list)
    unqualified_names: list[UnqualifiedName] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    parents: list[Parent] = field(default_factory=list)
    models: list[ModelTable] = field(default_factory=list)
    model_columns: list[ModelColumn] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    made_relations: list[Relation] = field(default_factory=list)
    made_columns: list[MadeColumn] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)
    lints: list[Lint] = field(default_factory=list)
