"""Running migrations forward and back on an empty database, to see where they stop.

It is the one thing here that runs what somebody else wrote: on the embedded server, in a
database of its own that is dropped afterwards, by a role that owns that database and nothing
else. An Alembic tree is not run, since that would be to run its Python.
"""

import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.findings import CheckResult, Finding
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import MigrationTree
from counterfoil.migrations.facts import Facts, MigrationFile, Tree
from counterfoil.migrations.grammar import RefusedSqlError, split
from counterfoil.migrations.layouts import halves
from counterfoil.migrations.textfile import read_text
from counterfoil.postgres.connection import connect
from counterfoil.postgres.profiles import Target
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
    remedy="Correct the statement, and rehearse again: what follows it was not run.",
)
_ROLE = "counterfoil_rehearsal"
_PROVIDED_BY_POSTGRES = frozenset({"pg_catalog", "information_schema", "public"})


def rehearse(
    facts: Facts,
    trees: Mapping[str, MigrationTree],
    folder: Path,
    dangling: Sequence[Finding],
    *,
    server: Target,
    settings: Settings,
) -> CheckResult:
    """Runs each tree of SQL forward and then back, and names the first statement that fails.

    Args:
        facts: of the trees.
        trees: by name, as they were read.
        folder: what the files are relative to.
        dangling: the findings of migrations.references_resolve; the first of them in order
            stands for running an Alembic tree.
        server: a database of the embedded server.
        settings: the operator's.

    Raises:
        TargetError: the embedded server cannot be reached.
    """
    findings = []
    for tree in facts.trees:
        if tree.layout == "alembic":
            failure = _first_dangling(tree, facts, dangling)
        else:
            log.info("Rehearsing %s", tree.tree)
            with _empty_database(server, settings) as connection:
                _provide(connection, facts, tree, trees[tree.tree])
                failure = _run(connection, tree, facts.files, folder)
        if failure:
            findings.append(_finding(tree, *failure))
    return _result(findings, rows_checked=len(facts.files))


Failure = tuple[str, int, str]


def _first_dangling(tree: Tree, facts: Facts, dangling: Sequence[Finding]) -> Failure | None:
    places = {file.file: file.position for file in facts.files if file.position is not None}
    own = [finding for finding in dangling if finding.key["tree"] == tree.tree]
    if not own:
        return None
    first = min(
        own, key=lambda found: (places.get(str(found.key["file"]), 0), int(found.key["line"] or 0))
    )
    says = f"would fail: {first.message.partition(': ')[2]}"
    return str(first.key["file"]), int(first.key["line"] or 1), says


def _run(
    connection: Connection, tree: Tree, files: Sequence[MigrationFile], folder: Path
) -> Failure | None:
    own = [file for file in files if file.tree == tree.tree]
    forward = sorted(
        (file for file in own if file.position is not None), key=lambda file: file.position or 0
    )
    backs = [file for file in own if file.direction == "rollback"]
    for file in forward:
        text, _ = _halves(tree, file, folder)
        if failed := _execute(connection, file.file, text, "fails"):
            return failed
    for file in reversed(forward):
        named, back = file.file, _halves(tree, file, folder)[1]
        if back is None and (rollback := _rollback_of(file, backs, forward)):
            named, back = rollback.file, read_text(folder / rollback.file).text
        if failed := _execute(connection, named, back or "", "fails on the way back"):
            return failed
    return None


def _halves(tree: Tree, file: MigrationFile, folder: Path) -> tuple[str, str | None]:
    text = read_text(folder / file.file).text
    return halves(tree.layout, text) if file.holds_rollback is not None else (text, None)


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


def _execute(connection: Connection, file: str, text: str, verb: str) -> Failure | None:
    """The first statement that fails; each is its own transaction, as most tools can do."""
    try:
        pieces = split(text, method="parser")
    except RefusedSqlError as cause:
        return file, text.count("\n", 0, cause.at) + 1, f"does not parse: {cause.problem}"
    for piece in pieces:
        with connection.cursor() as cursor:
            try:
                cursor.execute(text[piece])
            except psycopg2.Error as cause:
                line = text.count("\n", 0, piece.start) + 1
                return file, line, f"{verb}: {cause.diag.message_primary or cause}"
    return None


@contextmanager
def _empty_database(server: Target, settings: Settings) -> Iterator[Connection]:
    name = f"{_ROLE}_{secrets.token_hex(4)}"
    admin = connect(server, settings)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            try:
                cursor.execute(sql.SQL("create role {} login").format(sql.Identifier(_ROLE)))
            except (psycopg2.errors.DuplicateObject, psycopg2.errors.UniqueViolation):
                log.debug("role %s stands already", _ROLE)
            database, role = sql.Identifier(name), sql.Identifier(_ROLE)
            cursor.execute(sql.SQL("create database {} owner {}").format(database, role))
            try:
                yield from _connected(server, name, settings)
            finally:
                cursor.execute(sql.SQL("drop database {} with (force)").format(database))
    finally:
        admin.close()


def _connected(server: Target, name: str, settings: Settings) -> Iterator[Connection]:
    target = server.model_copy(update={"dbname": name, "user": _ROLE})
    connection = connect(target, settings)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            # The application's own sessions, not ours.
            cursor.execute('set search_path to "$user", public; set row_security to on')
        yield connection
    finally:
        connection.close()


def _provide(connection: Connection, facts: Facts, tree: Tree, declared: MigrationTree) -> None:
    """The schemas that something else provides, empty, and the tree's own default one."""
    provided = [fact.schema_name for fact in facts.provided if fact.tree == tree.tree]
    schemas = {*provided, declared.default_schema} - _PROVIDED_BY_POSTGRES
    with connection.cursor() as cursor:
        for schema in sorted(schemas):
            cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        if declared.default_schema != "public":
            cursor.execute(
                sql.SQL("set search_path to {}, public").format(
                    sql.Identifier(declared.default_schema)
                )
            )


def _finding(tree: Tree, file: str, line: int, says: str) -> Finding:
    key: dict[str, str | None] = {"tree": tree.tree, "file": file, "line": str(line)}
    return own_finding(REHEARSAL, key, f"{file}:{line}: {says}")


def _result(findings: list[Finding], *, rows_checked: int) -> CheckResult:
    return own_result(REHEARSAL, rows_checked=rows_checked, findings=findings)
