"""Reading a folder of migrations into facts: names first, then what is in each file."""

import ast
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree
from counterfoil.contract.layouts import Layout
from counterfoil.migrations.alembic import (
    NotPythonError,
    RevisionHead,
    does_anything,
    parse_revision,
    read_function,
)
from counterfoil.migrations.detection import LeftOut, detect, search
from counterfoil.migrations.directives import Directives
from counterfoil.migrations.facts import (
    Direction,
    Facts,
    MigrationFile,
    ModelTable,
    Parent,
    ParseFault,
    Reading,
    Revision,
    Suppression,
    Tree,
    UnqualifiedName,
)
from counterfoil.migrations.graph import order_revisions
from counterfoil.migrations.layouts import (
    JOURNAL,
    OTHER_LANGUAGES,
    PLAN,
    FileName,
    application_order,
    halves,
    list_files,
    numbers,
    read_name,
    read_names,
)
from counterfoil.migrations.model_columns import read_model_columns
from counterfoil.migrations.models import read_models
from counterfoil.migrations.scripts import Piece, Script, TreeScripts
from counterfoil.migrations.sql import SqlReading, read_sql
from counterfoil.migrations.textfile import TextFile, read_text
from counterfoil.migrations.tools import TOOLS

_ALLOW = re.compile(
    r"(?:--|#)[ \t]*counterfoil:[ \t]*allow[ \t]+(?P<checks>[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)"
    r"(?:[ \t]+because[ \t]+(?P<reason>\S[^\n]*))?",
    re.IGNORECASE,
)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SQITCH: dict[str, Direction] = {"deploy": "forward", "revert": "rollback"}


@dataclass
class _Read:
    """One file, read.

    Attributes:
        path: where it lies.
        file: the same, as findings name it.
        does: what applying it does, forward or (a rollback) back.
        undoes: what the rollback does that it holds itself; None if it holds none.
        unread: why it could not be read, or not all of it.
        recorded_as: see facts.MigrationFile.
        head, module: of an Alembic revision.
    """

    path: Path
    file: str
    name: FileName
    text: TextFile = field(default_factory=lambda: TextFile(""))
    does: SqlReading = field(default_factory=SqlReading)
    undoes: SqlReading | None = None
    holds_rollback: bool | None = None
    recorded_as: str | None = None
    head: RevisionHead | None = None
    module: ast.Module | None = None

    def not_read(self, why: str, *, is_fault: bool = False) -> "_Read":
        """The same file, of which nothing is known but why it could not be read."""
        pieces = [Piece(1, unknown=None if is_fault else why, is_fault=is_fault)]
        self.does = SqlReading(pieces, [(1, why)] if is_fault else [], changes=True)
        return self


def trees_of(
    folder: Path, template: MigrationTree
) -> tuple[dict[str, MigrationTree], list[LeftOut]]:
    """The trees at or below a folder, by their path in it, and what beside them is not judged.

    A folder that has none to find is taken for one itself; so is each whose layout is given.

    Args:
        folder: an existing folder.
        template: what holds for each of them but its folder.
    """
    found, left_out = search(folder) if template.layout == "auto" else ({}, [])
    paths = [path.relative_to(folder).as_posix() for path in found or [folder]]
    trees = {
        folder.absolute().name if path == "." else path: template.model_copy(
            update={"folder": path}
        )
        for path in paths
    }
    return trees, left_out


def read_trees(trees: Mapping[str, MigrationTree], base: Path, *, static: bool = False) -> Facts:
    """The facts of each tree, by name.

    Args:
        trees: the contract's.
        base: what their folders are relative to; files are named relative to it too.
        static: they will not be replayed: what Alembic's functions would send is left out.

    Raises:
        MigrationsError: a folder is missing or holds no migrations of its layout.
    """
    facts = Facts()
    for name, tree in trees.items():
        _read_tree(facts, name, tree, base, static=static)
    return facts


def _read_tree(facts: Facts, name: str, tree: MigrationTree, base: Path, *, static: bool) -> None:
    folder = base / tree.folder
    layout = _layout_of(folder, tree)
    read = _read_files(tree, layout, folder, base)
    if not any(one.name.direction for one in read):
        raise MigrationsError(
            f"no {layout} migrations",
            where=str(folder),
            remedy="Check the folder, or name its layout",
        )
    ordered = _ordered(read, layout)
    for one in read:
        if one.module:
            one.does = SqlReading(changes=does_anything(one.module, "upgrade"))
            one.undoes = SqlReading(changes=does_anything(one.module, "downgrade"))
    if layout == "alembic" and not static:
        _read_functions(ordered, tree)
    wants_rollbacks = _wants_rollbacks(tree, layout, read)
    facts.readings.append(_reading(name, tree, layout, folder, read))
    facts.trees.append(Tree(name, layout, tree.folder, tree.default_schema, wants_rollbacks))
    facts.scripts[name] = _scripts(layout, ordered, read if wants_rollbacks else ())
    ranks = {id(one): rank for rank, one in enumerate(ordered)}
    oldest = _newest_old_rank(tree, layout, ordered)
    for one in read:
        rank = ranks.get(id(one))
        facts.files.append(_file(name, one, rank, is_old=rank is not None and rank <= oldest))
        facts.parse_faults += _parse_faults(name, one, is_sql=layout != "alembic")
        if one.name.direction == "forward":
            facts.unqualified_names += [
                UnqualifiedName(name, one.file, *named) for named in one.does.names
            ]
        facts.suppressions += _suppressions(name, one.file, one.text.text)
    _note_graph(facts, name, ordered, [one for one in read if one.head])
    if tree.models:
        _read_models(facts, name, base / tree.models, base / tree.folder, base)


def _parse_faults(tree: str, one: _Read, *, is_sql: bool) -> list[ParseFault]:
    read = [one.does] + ([one.undoes] if one.undoes else [])
    found = [ParseFault(tree, one.file, *fault) for half in read for fault in half.faults]
    return found + [
        ParseFault(tree, one.file, piece.line, piece.unknown, is_unknown=True)
        for half in read
        for piece in half.pieces
        if is_sql and piece.unknown
    ]


def _note_graph(facts: Facts, tree: str, ordered: list[_Read], revisions: list[_Read]) -> None:
    """Notes each revision, and what it stands on; each is of its parent's branch, if it labels
    none itself."""
    ranks = {one.file: rank for rank, one in enumerate(ordered)}
    branches: dict[str, str | None] = {}
    for one in sorted(revisions, key=lambda one: ranks.get(one.file, len(ranks))):
        head = one.head
        assert head is not None
        assert head.revision is not None
        inherited = (branches.get(parent) for parent in head.parents)
        branches[head.revision] = head.label or next(filter(None, inherited), None)
        facts.revisions.append(
            Revision(
                tree,
                head.revision,
                one.file,
                head.line,
                ranks.get(one.file),
                branches[head.revision],
            )
        )
        facts.parents += [
            Parent(tree, head.revision, parent, one.file, head.line, is_dependency)
            for is_dependency, parents in ((False, head.parents), (True, head.waits_for))
            for parent in parents
        ]


def _scripts(layout: Layout, ordered: Sequence[_Read], read: Sequence[_Read]) -> TreeScripts:
    """What a replay runs; back only if `read` has the tree's files."""

    def script(one: _Read, reading: SqlReading) -> Script:
        wanted = TOOLS[layout].transaction_of(one.text.text)
        return Script(one.file, tuple(reading.pieces), wanted)

    backs = [one for one in read if one.name.direction == "rollback"]
    back = []
    for one in reversed(ordered if read else ()):
        if one.undoes is not None:
            back.append(script(one, one.undoes))
        elif rollback := _rollback_of(one, backs, ordered):
            back.append(script(rollback, rollback.does))
    return TreeScripts([script(one, one.does) for one in ordered], back)


def _rollback_of(one: _Read, backs: Sequence[_Read], forward: Sequence[_Read]) -> _Read | None:
    version = one.name.version
    is_double = sum(other.name.version == version for other in forward) > 1
    return next(
        (
            back
            for back in backs
            if back.name.version == version and (not is_double or back.name.name == one.name.name)
        ),
        None,
    )


def _layout_of(folder: Path, tree: MigrationTree) -> Layout:
    if not folder.is_dir():
        raise MigrationsError("no such folder", where=str(folder), remedy="Check the path")
    layout = detect(folder) if tree.layout == "auto" else tree.layout
    if layout is None:
        others = ", ".join(
            f"{left.file_count} files of {left.tool} in {left.folder}" for left in search(folder)[1]
        )
        raise MigrationsError(
            "no migrations, or none in a layout that is known"
            + (f"; not supported: {others}" if others else ""),
            where=str(folder),
            remedy="Name the folder that holds them, or their layout",
        )
    return layout


def _reading(
    name: str, tree: MigrationTree, layout: Layout, folder: Path, read: Sequence[_Read]
) -> Reading:
    known = {one.path for one in read}
    own = {JOURNAL, PLAN, "atlas.sum", "migration_lock.toml", "env.py", "__init__.py"}
    left = [file.as_posix() for file in list_files(folder) if folder / file not in known]
    return Reading(
        name, layout, tree.folder, len(read), tuple(file for file in left if file not in own)
    )


def _read_files(tree: MigrationTree, layout: Layout, folder: Path, base: Path) -> list[_Read]:
    paths = list_files(folder)
    wants_names = tree.qualified_names
    if layout == "drizzle":
        return _read_drizzle(folder, base, paths, wants_names=wants_names)
    if layout == "sqitch":
        return _read_sqitch(folder, base, wants_names=wants_names)
    if layout == "alembic":
        modules = [path for path in paths if path.suffix == ".py"]
        return [
            _read_python(folder / path, base)
            for path in modules
            if path.name not in ("env.py", "__init__.py")
        ]
    return [
        _read_sql_file(folder / path, file_name, layout, base, wants_names=wants_names)
        for path, file_name in read_names(layout, paths)
    ]


def _below(base: Path, path: Path) -> str:
    """The path as it is shown: relative to the contract's folder, unless it is absolute."""
    shown = (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()
    # A name that is not UTF-8 is shown with what can be shown of it.
    return shown.encode("utf-8", "replace").decode()


def _read_sql_file(
    path: Path, file_name: FileName, layout: Layout, base: Path, *, wants_names: bool
) -> _Read:
    one = _Read(path, _below(base, path), file_name, recorded_as=file_name.version)
    if file_name.direction is None:
        return one
    language = OTHER_LANGUAGES.get(layout, {}).get(path.suffix.lower())
    if language:
        return replace(one.not_read(f"a migration in {language}"), holds_rollback=True)
    one.text = read_text(path)
    if one.text.problem:
        return one.not_read(one.text.problem, is_fault=not one.text.is_too_large)
    text = one.text.text
    forward, back = halves(layout, text) if file_name.direction == "forward" else (text, None)
    one.does = read_sql(forward, wants_names=wants_names)
    one.undoes = None if back is None else read_sql(back)
    # An empty rollback is one that undoes nothing: migrations.rollback_present says so.
    if file_name.direction == "forward" and not _SQL_COMMENT.sub("", text).strip():
        one.name = replace(file_name, fault=file_name.fault or "empty")
    if layout == "sql-migrate":
        one.recorded_as = path.name
    if layout == "sql-migrate" or back is not None:
        one.holds_rollback = bool(back)
    return one


def _read_python(path: Path, base: Path) -> _Read:
    one = _Read(path, _below(base, path), FileName("forward", name=path.stem), holds_rollback=True)
    one.text = read_text(path)
    if one.text.problem:
        return one.not_read(one.text.problem, is_fault=not one.text.is_too_large)
    try:
        one.module, head = parse_revision(one.text.text)
    except NotPythonError as cause:
        one.not_read(cause.problem, is_fault=True).does.faults = [(cause.line, cause.problem)]
        return one
    if head.revision is None:
        fault = "assigns no revision" if one.text.text.strip() else "empty"
        one.name = FileName(None, name=path.stem, fault=fault)
        return one
    one.name = replace(one.name, version=head.revision)
    one.head, one.recorded_as = head, head.revision
    return one


def _read_functions(revisions: Sequence[_Read], tree: MigrationTree) -> None:
    """What revisions do, in this order, and then back: a type is made once in each run."""
    forward, back = Directives(), Directives()
    for one in revisions:
        if one.module and one.head:
            wants_names = tree.qualified_names
            one.does = read_function(one.module, "upgrade", forward, wants_names=wants_names)
            if not one.head.is_known:
                unknown = "a down_revision that only a run would show"
                one.does.pieces.insert(0, Piece(one.head.line, unknown=unknown))
    for one in reversed(revisions):
        if one.module and one.head:
            one.undoes = read_function(one.module, "downgrade", back)


def _read_drizzle(
    folder: Path, base: Path, paths: Sequence[PurePosixPath], *, wants_names: bool
) -> list[_Read]:
    journal = folder / JOURNAL
    entries, problem = _journal(journal)
    read: list[_Read] = []
    if problem:
        read.append(_Read(journal, _below(base, journal), FileName(None)))
        read[0].not_read(problem, is_fault=True)
    there = {path.stem: path for path in paths if path.suffix == ".sql" and len(path.parts) == 1}
    for index, tag, when in entries:
        path = folder / there.pop(tag, PurePosixPath(f"{tag}.sql"))
        file_name = FileName("forward", version=str(index), name=tag, order=(index,))
        if not path.exists():
            read.append(_missing(path, file_name, JOURNAL, base))
            continue
        one = _read_sql_file(path, file_name, "drizzle", base, wants_names=wants_names)
        read.append(replace(one, recorded_as=when))
    for left in there.values():
        # Without its journal nobody knows which are applied: then all are read.
        known = read_name("numbered", left) if problem else None
        file_name = known or FileName(None, name=left.stem, fault=f"{JOURNAL} does not name it")
        one = _read_sql_file(folder / left, file_name, "drizzle", base, wants_names=wants_names)
        read.append(one)
    return read


def _missing(path: Path, file_name: FileName, named_in: str, base: Path) -> _Read:
    fault = f"{named_in} names it, and it is not there"
    one = _Read(path, _below(base, path), replace(file_name, fault=fault))
    return one.not_read("a migration that is not there")


def _journal(path: Path) -> tuple[list[tuple[int, str, str]], str | None]:
    """Each entry's (index, tag, instant), and what is wrong with the journal."""
    text = read_text(path)
    if text.problem:
        return [], text.problem
    try:
        entries = json.loads(text.text)["entries"]
        return [
            (int(entry["idx"]), str(entry["tag"]), str(entry.get("when", ""))) for entry in entries
        ], None
    except (ValueError, TypeError, KeyError, RecursionError):
        return [], "not a Drizzle journal: entries with idx and tag are wanted"


def _read_sqitch(folder: Path, base: Path, *, wants_names: bool) -> list[_Read]:
    """The changes of the plan, each with its script to deploy and the one to revert it."""
    plan = read_text(folder / PLAN)
    changes = [
        found[1]
        for line in plan.text.splitlines()
        if (found := re.match(r"\s*([^\s%#@\[][^\s\[]*)", line))
    ]
    read = []
    for order, change in enumerate(changes):
        for directory, direction in _SQITCH.items():
            path = folder / directory / f"{change}.sql"
            file_name = FileName(direction, change, change, order=(order,))
            if path.exists():
                one = _read_sql_file(path, file_name, "sqitch", base, wants_names=wants_names)
                read.append(one)
            elif direction == "forward":
                read.append(_missing(path, file_name, PLAN, base))
    return read


def _ordered(read: Iterable[_Read], layout: Layout) -> list[_Read]:
    """The files that are applied forward, in that order."""
    forward = [one for one in read if one.name.direction == "forward"]
    if layout != "alembic":
        return sorted(forward, key=lambda one: application_order(layout, one.name, one.file))
    ordered = order_revisions(
        [
            (one.head.revision or "", (*one.head.parents, *one.head.waits_for), one.file)
            for one in forward
            if one.head
        ]
    )
    by_file = {one.file: one for one in forward}
    rest = [one for one in forward if one.head is None]
    return rest + [by_file[file] for file in ordered]


def _wants_rollbacks(tree: MigrationTree, layout: Layout, read: Iterable[_Read]) -> bool:
    if tree.rollbacks is not None:
        return tree.rollbacks
    if TOOLS[layout].rollbacks == "if any":
        return any(one.name.direction == "rollback" or one.holds_rollback for one in read)
    return TOOLS[layout].rollbacks == "wanted"


def _newest_old_rank(tree: MigrationTree, layout: Layout, ordered: Sequence[_Read]) -> int:
    """The rank of the last file that the baseline covers; -1 if it covers none."""
    if tree.baseline is None:
        return -1
    if layout in ("alembic", "sqitch"):
        covered = [rank for rank, one in enumerate(ordered) if one.name.version == tree.baseline]
    elif not re.fullmatch(r"\d+(?:[._]\d+)*", tree.baseline):
        covered = []
    else:
        newest = numbers(tree.baseline)
        covered = [
            rank
            for rank, one in enumerate(ordered)
            if one.name.version is not None and numbers(one.name.version) <= newest
        ]
    if not covered:
        raise MigrationsError(
            f"no migration is as old as the baseline '{tree.baseline}'",
            where=tree.folder,
            remedy="Name a version that is there as baseline",
        )
    return max(covered)


def _file(tree: str, one: _Read, rank: int | None, *, is_old: bool) -> MigrationFile:
    return MigrationFile(
        tree=tree,
        file=one.file,
        direction=one.name.direction,
        version=one.name.version,
        name=one.name.name,
        digits=one.name.digits,
        position=rank,
        holds_rollback=one.holds_rollback,
        changes_something=one.does.changes,
        undoes_something=one.undoes is not None and one.undoes.changes,
        fault=one.name.fault,
        recorded_as=one.recorded_as,
        sha256=hashlib.sha256(one.text.raw).hexdigest() if one.text.raw else None,
        crc32=_crc32(one.text) if one.text.raw else None,
        is_old=is_old,
    )


def _crc32(text: TextFile) -> int:
    """Flyway's checksum: over the lines without their ends, as a signed number."""
    checksum = 0
    for line in text.text.split("\n"):
        checksum = zlib.crc32(line.encode(), checksum)
    return checksum - 2**32 if checksum >= 2**31 else checksum


def _suppressions(tree: str, file: str, text: str) -> list[Suppression]:
    if "counterfoil" not in text:
        return []
    return [
        Suppression(tree, file, text.count("\n", 0, found.start()) + 1, check.strip(), reason)
        for found in _ALLOW.finditer(text)
        for reason in [found["reason"] and found["reason"].strip().removesuffix("*/").strip()]
        for check in found["checks"].split(",")
    ]


def _read_models(facts: Facts, tree: str, folder: Path, versions: Path, base: Path) -> None:
    """Reads the models of a folder; what its migrations have of them is of another day."""
    if not folder.is_dir():
        raise MigrationsError(
            "no such folder of models", where=str(folder), remedy="Correct the path to the models"
        )
    texts = {}
    for path in list_files(folder):
        is_of_migrations = versions != folder and (folder / path).is_relative_to(versions)
        if path.suffix == ".py" and not is_of_migrations:
            file, text = _below(base, folder / path), read_text(folder / path)
            if text.problem:
                problem = f"models: {text.problem}"
                facts.models.append(ModelTable(tree, file, 1, None, None, problem))
            facts.models += read_models(tree, file, text.text)
            texts[file] = text.text
    facts.model_columns += read_model_columns(tree, texts)
