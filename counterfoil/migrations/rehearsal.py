"""Running migrations forward and back on an empty database, to see what PostgreSQL refuses.

An Alembic tree is not run, since that would be to run its Python.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from counterfoil.audit.findings import CheckResult, Finding
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.common.errors import MigrationsError
from counterfoil.common.sqltext import quoted
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.facts import Facts, MigrationFile, Tree
from counterfoil.migrations.grammar import RefusedSqlError, split
from counterfoil.migrations.layouts import OTHER_LANGUAGES, halves
from counterfoil.migrations.platforms import platform_of
from counterfoil.migrations.replay import Refusal, Replay, Script
from counterfoil.migrations.scratch import Scratch, scratch_server
from counterfoil.migrations.sql import without_psql
from counterfoil.migrations.suppressions import UnknownRow
from counterfoil.migrations.textfile import read_text
from counterfoil.migrations.tools import TOOLS
from counterfoil.suites.own_checks import OwnCheck

log = logging.getLogger(__name__)

REHEARSAL = OwnCheck(
    check_id="migrations.rehearsal",
    title="The migrations run forward and back on an empty database",
    severity="critical",
    relation="migrations",
    owner="platform",
    category="Migrations",
    why="What fails on an empty database fails on the next new environment.",
    remedy="Correct the statement, and run the check again.",
)


def rehearse(
    facts: Facts, trees: Mapping[str, MigrationTree], folder: Path
) -> tuple[CheckResult, list[UnknownRow]]:
    """Runs each tree of SQL forward and then back.

    Args:
        facts: of the trees.
        trees: by name, as they were read.
        folder: what the files are relative to.

    Returns:
        The check, one finding for each statement that is refused for no other's sake; and
        what could not be judged.

    Raises:
        DemoError: the embedded server does not start.
        MigrationsError: what the contract says is provided cannot be read.
    """
    own = [tree for tree in facts.trees if tree.layout != "alembic"]
    refused: list[tuple[Tree, Refusal]] = []
    if own:
        with scratch_server() as server:
            for tree in own:
                log.info("Running %s on an empty server", tree.tree)
                found = replayed(server, tree, trees[tree.tree], facts, folder)
                refused += [(tree, refusal) for refusal in found]
    findings = [_finding(*each) for each in refused if not each[1].is_unknown]
    unknown = [_unknown(*each) for each in refused if each[1].is_unknown]
    names = {tree.tree for tree in own}
    count = sum(file.tree in names for file in facts.files)
    result = own_result(REHEARSAL, rows_checked=count, findings=findings)
    if unknown and not findings:
        detail = f"{len(unknown)} statements could not be judged, or what follows from them"
        result = result.model_copy(update={"status": "unknown", "detail": detail})
    return result, unknown


def replayed(
    server: Scratch, tree: Tree, declared: MigrationTree, facts: Facts, folder: Path
) -> list[Refusal]:
    """What is refused of one tree of SQL, forward and then back, and of what nothing is known."""
    own = [file for file in facts.files if file.tree == tree.tree]
    forward = sorted(
        (file for file in own if file.position is not None), key=lambda file: file.position or 0
    )
    backs = [file for file in own if file.direction == "rollback"]
    with server.database() as database:
        replay = Replay(database, tree.layout)
        _provide(replay, tree, declared, folder)
        unread = {fact.file: fact.reason for fact in facts.unknowns if _is_unread(tree, fact.file)}
        for file in forward:
            if file.file in unread:
                replay.do_not_know(file.file, 1, unread[file.file])
        replay.run([_script(tree, file, folder) for file in forward if file.file not in unread])
        replay.explain_later()
        if tree.wants_rollbacks and not replay.is_over:
            scripts = [
                script
                for file in reversed(forward)
                if (script := _script_back(tree, file, backs, forward, folder))
            ]
            replay.run(scripts, where="on the way back ")
        return [refusal for refusal in replay.refusals if refusal.file or refusal.followed_by]


def _is_unread(tree: Tree, file: str) -> bool:
    """Whether a file is of a language that is not run."""
    return Path(file).suffix.lower() in OTHER_LANGUAGES.get(tree.layout, {})


def _script(tree: Tree, file: MigrationFile, folder: Path) -> Script:
    raw = read_text(folder / file.file).text
    return Script(file.file, halves(tree.layout, raw)[0], raw)


def _script_back(
    tree: Tree,
    file: MigrationFile,
    backs: Sequence[MigrationFile],
    forward: Sequence[MigrationFile],
    folder: Path,
) -> Script | None:
    raw = read_text(folder / file.file).text
    back = halves(tree.layout, raw)[1]
    if back is not None:
        return Script(file.file, back, raw)
    rollback = _rollback_of(file, backs, forward)
    if rollback is None:
        return None
    text = read_text(folder / rollback.file).text
    return Script(rollback.file, text, text)


def _rollback_of(
    file: MigrationFile, backs: Sequence[MigrationFile], forward: Sequence[MigrationFile]
) -> MigrationFile | None:
    is_double = sum(other.version == file.version for other in forward) > 1
    return next(
        (
            back
            for back in backs
            if back.version == file.version and (not is_double or back.name == file.name)
        ),
        None,
    )


def _provide(replay: Replay, tree: Tree, declared: MigrationTree, folder: Path) -> None:
    """What the tool's platform and the contract say that something else provides."""
    replay.provide(platform_of(tree.layout))
    if declared.provided_sql:
        replay.provide(_statements(folder / declared.provided_sql))
    schemas = {*declared.provided_schemas, declared.default_schema}
    replay.provide([f"create schema if not exists {quoted(name)}" for name in sorted(schemas)])
    path = [declared.default_schema, "public", *_MORE_PATH.get(tree.layout, ())]
    replay.search_path = f"set search_path to {', '.join(map(quoted, dict.fromkeys(path)))}"
    replay.provide([replay.search_path])
    # The tool makes its record of what is applied before the first migration runs.
    own = [name for name in TOOLS[tree.layout].records[:1] if tree.layout != "numbered"]
    for tables, is_of_a_base in ((own, False), (declared.provided_tables, True)):
        for table in tables:
            schema, _, name = table.rpartition(".")
            replay.stand_in(schema or declared.default_schema, name, is_of_a_base=is_of_a_base)


def _statements(file: Path) -> list[str]:
    read = read_text(file)
    if read.problem:
        raise MigrationsError(
            f"what is provided: {read.problem}", where=str(file), remedy="Correct the path"
        )
    text = without_psql(read.text)
    try:
        return [text[piece] for piece in split(text, method="parser")]
    except RefusedSqlError as cause:
        raise MigrationsError(
            f"what is provided does not parse: {cause.problem}",
            where=f"{file}:{text.count(chr(10), 0, cause.at) + 1}",
            remedy="Correct it: it is run before the first migration",
        ) from None


# Where Supabase puts extensions, its role finds their functions.
_MORE_PATH = {"supabase": ("extensions",)}


def _said(refusal: Refusal) -> str:
    more = refusal.followed_by
    return refusal.says + (
        f" ({more:,} later statement{'s' * (more != 1)} could not be judged for it)" if more else ""
    )


def _finding(tree: Tree, refusal: Refusal) -> Finding:
    key: dict[str, str | None] = {
        "tree": tree.tree,
        "file": refusal.file,
        "line": str(refusal.line),
    }
    message = f"{refusal.file}:{refusal.line}: {_said(refusal)}"
    return own_finding(REHEARSAL, key, message)


def _unknown(tree: Tree, refusal: Refusal) -> UnknownRow:
    file = refusal.file or tree.folder
    return UnknownRow(REHEARSAL.check_id, tree.tree, file, max(refusal.line, 1), _said(refusal))
