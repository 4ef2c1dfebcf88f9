"""Replaying trees forward and back on an empty server, to see what PostgreSQL refuses."""

import hashlib
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from counterfoil.common.errors import DemoError, MigrationsError
from counterfoil.common.sqltext import quoted
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.facts import ANYTHING, Facts, MadeColumn, Refused, Relation, Tree
from counterfoil.migrations.grammar import RefusedSqlError, split
from counterfoil.migrations.platforms import platform_of
from counterfoil.migrations.replay import Replay
from counterfoil.migrations.revisions import as_run
from counterfoil.migrations.scratch import Scratch, scratch_server, server_version
from counterfoil.migrations.scripts import TreeScripts
from counterfoil.migrations.sql import without_psql
from counterfoil.migrations.textfile import read_text
from counterfoil.migrations.tools import TOOLS

log = logging.getLogger(__name__)

# Part of what a tree is replayed from: raised when the same files may come to something else.
_EDITION = 3

_MAKES_SCHEMA = re.compile(
    r"create(?:\s+schema\s+(?:if\s+not\s+exists\s+)?|schema\(\s*)[\"']?(\w*)", re.IGNORECASE
)

# Where Supabase puts extensions, its role finds their functions.
_MORE_PATH = {"supabase": ("extensions",)}


def replay_trees(
    facts: Facts,
    trees: Mapping[str, MigrationTree],
    folder: Path,
    *,
    known: Collection[tuple[str, str]] = (),
    runs_alembic: bool = False,
) -> None:
    """Replays each tree, and adds to the facts what is refused and what stands in the end.

    Args:
        facts: of the trees, as they were read.
        trees: by name.
        folder: what the files are relative to.
        known: trees, and what they were replayed from, that need not be replayed again.
        runs_alembic: import Alembic's revisions and run them; else their text is read.

    Raises:
        MigrationsError: what the contract says is provided cannot be read.
    """
    facts.refused, facts.made_relations, facts.made_columns = [], [], []
    facts.trees = [
        replace(tree, replayed_from=_digest(tree, trees[tree.tree], facts, folder))
        for tree in facts.trees
    ]
    wanted = [tree for tree in facts.trees if (tree.tree, tree.replayed_from) not in known]
    if not wanted:
        return
    try:
        with scratch_server() as server:
            for tree in wanted:
                log.info("Running %s on an empty server", tree.tree)
                scripts, declared = facts.scripts[tree.tree], trees[tree.tree]
                if runs_alembic and tree.layout == "alembic":
                    scripts = _run_for_real(server, tree, declared, scripts, folder)
                refused, relations, columns = replayed(server, tree, declared, scripts, folder)
                facts.refused += refused
                facts.made_relations += relations
                facts.made_columns += columns
    except DemoError as cause:
        # To be tried again the next time.
        facts.trees = [replace(tree, replayed_from="") for tree in facts.trees]
        facts.refused = [
            Refused(
                *(tree.tree, 0, tree.folder, 1, "forward"),
                f"not replayed: {cause}",
                is_unknown=True,
                touches=(ANYTHING,),
            )
            for tree in facts.trees
        ]


def replayed(
    server: Scratch, tree: Tree, declared: MigrationTree, scripts: TreeScripts, folder: Path
) -> tuple[list[Refused], list[Relation], list[MadeColumn]]:
    """What is refused of one tree, forward and then back, and what stands in between."""
    with server.database() as database:
        replay = Replay(database, tree.tree, tree.folder, tree.layout)
        replay.wants_columns = declared.models is not None
        _provide(replay, tree, declared, folder)
        replay.go_forward(scripts.forward)
        if not replay.is_over:
            replay.go_back(scripts.back)
        return replay.told(), replay.relations, replay.columns


def _run_for_real(
    server: Scratch, tree: Tree, declared: MigrationTree, scripts: TreeScripts, folder: Path
) -> TreeScripts:
    with server.database() as database:
        replay = Replay(database, tree.tree, tree.folder, tree.layout)
        _provide(replay, tree, declared, folder)
        name = quoted(database.connection.info.dbname)
        replay.provide([f"alter database {name} {replay.search_path}"])
        return as_run(scripts, database, folder, folder / tree.folder)


def _digest(tree: Tree, declared: MigrationTree, facts: Facts, folder: Path) -> str:
    """A digest of all that decides what a replay of the tree comes to."""
    tree = replace(tree, replayed_from=None)
    said = [_EDITION, server_version(), tree, declared.model_dump(), facts.scripts[tree.tree]]
    digest = hashlib.sha256(repr(said).encode("utf-8", "replace"))
    for name in ("env.py", "../env.py") if tree.layout == "alembic" else ():
        digest.update(read_text(folder / tree.folder / name).raw)
    if declared.provided_sql:
        digest.update(read_text(folder / declared.provided_sql).raw)
    return digest.hexdigest()


def _provide(replay: Replay, tree: Tree, declared: MigrationTree, folder: Path) -> None:
    """What the tool's platform and the contract say that something else provides."""
    replay.provide(platform_of(tree.layout))
    schemas = [
        *declared.provided_schemas,
        *replay.provided_schemas(["public", declared.default_schema]),
    ]
    replay.relations += [
        Relation(tree.tree, schema, None, "schema", None) for schema in dict.fromkeys(schemas)
    ]
    if declared.provided_sql:
        replay.provide(_statements(folder / declared.provided_sql))
    if tree.layout == "alembic":
        _provide_schemas_of_env(replay, folder / tree.folder)
    schemas = sorted({*declared.provided_schemas, declared.default_schema})
    replay.provide([f"create schema if not exists {quoted(name)}" for name in schemas])
    path = [declared.default_schema, "public", *_MORE_PATH.get(tree.layout, ())]
    replay.search_path = f"set search_path to {', '.join(map(quoted, dict.fromkeys(path)))}"
    replay.provide([replay.search_path])
    # The tool makes its record of what is applied before the first migration runs.
    own = [name for name in TOOLS[tree.layout].records[:1] if tree.layout != "numbered"]
    for tables, is_of_a_base in ((own, False), (declared.provided_tables, True)):
        for table in tables:
            schema, _, name = table.rpartition(".")
            replay.stand_in(schema or declared.default_schema, name, is_of_a_base=is_of_a_base)


def _provide_schemas_of_env(replay: Replay, folder: Path) -> None:
    """Alembic's env.py often makes the schemas: those that it names are there, and where it
    names none, nobody knows which."""
    text = read_text(folder / "env.py").text or read_text(folder.parent / "env.py").text
    for named in _MAKES_SCHEMA.findall(text):
        replay.provide([f"create schema if not exists {quoted(named)}"] if named else [])
        replay.are_schemas_unknown |= not named


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
