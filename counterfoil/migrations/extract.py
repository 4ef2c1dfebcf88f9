"""Reading a folder of migrations into facts: names first, then what is in each file."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import MigrationTree
from counterfoil.contract.layouts import Layout
from counterfoil.migrations.alembic import RevisionHead, read_revision
from counterfoil.migrations.collector import ANY_NAME, Collector
from counterfoil.migrations.detection import LeftOut, detect, search
from counterfoil.migrations.facts import (
    Facts,
    MigrationFile,
    Parent,
    Provided,
    Reading,
    Revision,
    Suppression,
    Tree,
    Unknown,
)
from counterfoil.migrations.graph import order_revisions
from counterfoil.migrations.layouts import (
    ALWAYS_PROVIDED,
    JOURNAL,
    OTHER_LANGUAGES,
    PLAN,
    PROVIDED_SCHEMAS,
    FileName,
    application_order,
    halves,
    list_files,
    numbers,
    read_name,
    read_names,
)
from counterfoil.migrations.models import read_models
from counterfoil.migrations.sql import read_sql
from counterfoil.migrations.textfile import TextFile, read_text
from counterfoil.migrations.tools import TOOLS

_ALLOW = re.compile(
    r"(?:--|#)[ \t]*counterfoil:[ \t]*allow[ \t]+(?P<checks>[\w.]+(?:[ \t]*,[ \t]*[\w.]+)*)"
    r"(?:[ \t]+because[ \t]+(?P<reason>\S[^\n]*))?",
    re.IGNORECASE,
)
_SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass
class _Read:
    """One file, read: its name, its facts, and what else its order is made of."""

    path: Path
    name: FileName
    collector: Collector
    text: TextFile
    holds_rollback: bool | None = None
    head: RevisionHead | None = None
    recorded_as: str | None = None


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


def read_trees(trees: Mapping[str, MigrationTree], base: Path) -> Facts:
    """The facts of each tree, by name.

    Args:
        trees: the contract's.
        base: what their folders are relative to; files are named relative to it too.

    Raises:
        MigrationsError: a folder is missing or holds no migrations of its layout.
    """
    facts = Facts()
    for name, tree in trees.items():
        _read_tree(facts, name, tree, base)
    return facts


def _read_tree(facts: Facts, name: str, tree: MigrationTree, base: Path) -> None:
    folder = base / tree.folder
    layout = _layout_of(folder, tree)
    read = _read_files(name, tree, layout, folder, base)
    if not any(one.name.direction for one in read):
        raise MigrationsError(
            f"no {layout} migrations",
            where=str(folder),
            remedy="Check the folder, or name its layout",
        )
    ordered = _ordered(read, layout)
    facts.readings.append(_reading(name, tree, layout, folder, read))
    facts.trees.append(
        Tree(
            tree=name,
            layout=layout,
            folder=tree.folder,
            default_schema=tree.default_schema,
            wants_qualified_names=tree.qualified_names,
            wants_rollbacks=_wants_rollbacks(tree, layout, read),
        )
    )
    facts.provided += _provided(name, tree, layout)
    ranks = {id(one): rank for rank, one in enumerate(ordered)}
    oldest = _newest_old_rank(tree, layout, ordered)
    for one in read:
        rank = ranks.get(id(one))
        placed = one.collector.placed(rank if rank is not None else len(ordered))
        facts.files.append(_file(name, one, rank, is_old=rank is not None and rank <= oldest))
        facts.parse_faults += placed.faults
        facts.unknowns += placed.unknowns
        facts.statements += placed.statements
        facts.suppressions += _suppressions(name, placed.file, one.text.text)
        if one.head and one.head.revision is not None:
            head, file = one.head, placed.file
            assert head.revision is not None
            facts.revisions.append(Revision(name, head.revision, file, head.line, rank))
            facts.parents += [
                Parent(name, head.revision, parent, file, head.line, is_dependency)
                for is_dependency, parents in ((False, head.parents), (True, head.waits_for))
                for parent in parents
            ]
    if tree.models:
        _read_models(facts, name, base / tree.models, base, after=len(ordered) << 24)


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


def _read_files(
    name: str, tree: MigrationTree, layout: Layout, folder: Path, base: Path
) -> list[_Read]:
    paths = list_files(folder)
    if layout == "drizzle":
        return _read_drizzle(name, tree, folder, base, paths)
    if layout == "sqitch":
        return _read_sqitch(name, tree, folder, base)
    if layout == "alembic":
        modules = [path for path in paths if path.suffix == ".py"]
        return [
            _read_python(folder / path, _collector(name, tree, folder / path, base))
            for path in modules
            if path.name not in ("env.py", "__init__.py")
        ]
    return [
        _read_sql_file(
            folder / path, file_name, layout, _collector(name, tree, folder / path, base)
        )
        for path, file_name in read_names(layout, paths)
    ]


def _below(base: Path, path: Path) -> str:
    """The path as it is shown: relative to the contract's folder, unless it is absolute."""
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def _collector(name: str, tree: MigrationTree, path: Path, base: Path) -> Collector:
    # A name that is not UTF-8 is shown with what can be shown of it.
    file = _below(base, path).encode("utf-8", "replace").decode()
    return Collector(name, file, (tree.default_schema,))


def _read_sql_file(path: Path, file_name: FileName, layout: Layout, collector: Collector) -> _Read:
    if file_name.direction is None:
        return _Read(path, file_name, collector, TextFile(""))
    collector.turn(file_name.direction)
    language = OTHER_LANGUAGES.get(layout, {}).get(path.suffix.lower())
    if language:
        collector.note_unknown(f"a migration in {language}", 1, creates=ANY_NAME, removes=ANY_NAME)
        return _Read(path, file_name, collector, TextFile(""), holds_rollback=True)
    text = read_text(path)
    if text.problem:
        return _not_read(path, file_name, collector, text)
    forward, back = text.text, None
    if file_name.direction == "forward":
        forward, back = halves(layout, text.text)
    read_sql(collector, forward)
    if back is not None:
        collector.turn("rollback")
        read_sql(collector, back)
    # An empty rollback is one that undoes nothing: migrations.rollback_present says so.
    if file_name.direction == "forward" and not _SQL_COMMENT.sub("", text.text).strip():
        file_name = replace(file_name, fault=file_name.fault or "empty")
    recorded_as = path.name if layout == "sql-migrate" else file_name.version
    is_marked = layout == "sql-migrate" or back is not None
    return _Read(
        path,
        file_name,
        collector,
        text,
        holds_rollback=bool(back) if is_marked else None,
        recorded_as=recorded_as,
    )


def _not_read(path: Path, file_name: FileName, collector: Collector, text: TextFile) -> _Read:
    """A file whose content nobody knows: too large is no fault of its own."""
    problem = text.problem or ""
    if not text.is_too_large:
        collector.note_fault(problem, 1)
    collector.note_unknown(problem, 1, creates=ANY_NAME, removes=ANY_NAME)
    return _Read(path, file_name, collector, text, recorded_as=file_name.version)


def _read_python(path: Path, collector: Collector) -> _Read:
    text = read_text(path)
    if text.problem:
        return replace(
            _not_read(path, FileName("forward", name=path.stem), collector, text),
            holds_rollback=True,
        )
    head = read_revision(collector, text.text)
    if head.revision is None:
        fault = None if collector.faults else "assigns no revision"
        if not text.text.strip():
            fault = "empty"
        if collector.faults:
            collector.note_unknown(
                "a revision that is not valid Python", 1, creates=ANY_NAME, removes=ANY_NAME
            )
        return _Read(
            path,
            FileName("forward" if collector.faults else None, name=path.stem, fault=fault),
            collector,
            text,
            holds_rollback=True,
        )
    return _Read(
        path,
        FileName("forward", version=head.revision, name=path.stem),
        collector,
        text,
        holds_rollback=True,
        head=head,
        recorded_as=head.revision,
    )


def _read_drizzle(
    name: str, tree: MigrationTree, folder: Path, base: Path, paths: Sequence[PurePosixPath]
) -> list[_Read]:
    journal = folder / JOURNAL
    entries, problem = _journal(journal)
    read: list[_Read] = []
    if problem:
        collector = _collector(name, tree, journal, base)
        collector.note_fault(problem, 1)
        read.append(_Read(journal, FileName(None), collector, TextFile("")))
    there = {path.stem: path for path in paths if path.suffix == ".sql" and len(path.parts) == 1}
    for index, tag, when in entries:
        path = folder / there.pop(tag, PurePosixPath(f"{tag}.sql"))
        collector = _collector(name, tree, path, base)
        file_name = FileName("forward", version=str(index), name=tag, order=(index,))
        if not path.exists():
            fault = f"{JOURNAL} names it, and it is not there"
            collector.note_unknown(
                "a migration that is not there", 1, creates=ANY_NAME, removes=ANY_NAME
            )
            read.append(_Read(path, replace(file_name, fault=fault), collector, TextFile("")))
            continue
        one = _read_sql_file(path, file_name, "drizzle", collector)
        read.append(replace(one, recorded_as=when))
    for left in there.values():
        # Without its journal nobody knows which are applied: then all are read.
        known = read_name("numbered", left) if problem else None
        file_name = known or FileName(None, name=left.stem, fault=f"{JOURNAL} does not name it")
        collector = _collector(name, tree, folder / left, base)
        read.append(_read_sql_file(folder / left, file_name, "drizzle", collector))
    return read


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


def _read_sqitch(name: str, tree: MigrationTree, folder: Path, base: Path) -> list[_Read]:
    """The changes of the plan, each with its script to deploy and the one to revert it."""
    plan = read_text(folder / PLAN)
    changes = [
        found[1]
        for line in plan.text.splitlines()
        if (found := re.match(r"\s*([^\s%#@\[][^\s\[]*)", line))
    ]
    read = []
    for order, change in enumerate(changes):
        for directory, direction in (("deploy", "forward"), ("revert", "rollback")):
            path = folder / directory / f"{change}.sql"
            collector = _collector(name, tree, path, base)
            file_name = FileName(
                "forward" if direction == "forward" else "rollback", change, change, order=(order,)
            )
            if path.exists():
                read.append(_read_sql_file(path, file_name, "sqitch", collector))
            elif direction == "forward":
                fault = f"{PLAN} names it, and it is not there"
                collector.note_unknown(
                    "a migration that is not there", 1, creates=ANY_NAME, removes=ANY_NAME
                )
                read.append(_Read(path, replace(file_name, fault=fault), collector, TextFile("")))
    return read


def _ordered(read: Iterable[_Read], layout: Layout) -> list[_Read]:
    """The files that are applied forward, in that order."""
    forward = [one for one in read if one.name.direction == "forward"]
    if layout != "alembic":
        return sorted(
            forward, key=lambda one: application_order(layout, one.name, one.collector.file)
        )
    heads = [(one.head, one) for one in forward if one.head is not None]
    ordered = order_revisions(
        [
            (head.revision or "", (*head.parents, *head.waits_for), one.collector.file)
            for head, one in heads
        ]
    )
    by_file = {one.collector.file: one for one in forward}
    rest = [one for one in forward if one.head is None]
    return rest + [by_file[file] for file in ordered]


def _wants_rollbacks(tree: MigrationTree, layout: Layout, read: Iterable[_Read]) -> bool:
    if tree.rollbacks is not None:
        return tree.rollbacks
    if TOOLS[layout].rollbacks == "if any":
        return any(one.name.direction == "rollback" or one.holds_rollback for one in read)
    return TOOLS[layout].rollbacks == "wanted"


def _provided(name: str, tree: MigrationTree, layout: Layout) -> list[Provided]:
    schemas = (*ALWAYS_PROVIDED, *PROVIDED_SCHEMAS.get(layout, ()), *tree.provided_schemas)
    provided = [Provided(name, schema, None) for schema in dict.fromkeys(schemas)]
    for table in tree.provided_tables:
        schema, _, local = table.rpartition(".")
        provided.append(Provided(name, schema or tree.default_schema, local))
    return provided


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
    changing = one.collector.changing
    own = one.name.direction or "forward"
    return MigrationFile(
        tree=tree,
        file=one.collector.file,
        direction=one.name.direction,
        version=one.name.version,
        name=one.name.name,
        digits=one.name.digits,
        position=rank,
        holds_rollback=one.holds_rollback,
        changes_something=own in changing,
        undoes_something="rollback" in changing,
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


def _read_models(facts: Facts, name: str, folder: Path, base: Path, *, after: int) -> None:
    if not folder.is_dir():
        raise MigrationsError(
            "no such folder of models", where=str(folder), remedy="Correct the path to the models"
        )
    for path in list_files(folder):
        if path.suffix != ".py":
            continue
        file = _below(base, folder / path)
        text = read_text(folder / path)
        tables, unknown = read_models(name, file, text.text)
        facts.models += tables
        if text.problem:
            unknown = [(1, text.problem)]
        facts.unknowns += [
            Unknown(name, file, line, after, reason, None, None) for line, reason in unknown
        ]
