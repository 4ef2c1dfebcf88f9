"""Judging a folder of migrations without any database of the application's.

The facts go into a database of our own on the embedded server, with the same views and the
same suites as everywhere. They are loaded in a transaction that is never committed: any
number of folders can be judged at the same time, and nothing of them stays.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit, CheckResult, audit_status
from counterfoil.audit.scope import Scope
from counterfoil.audit.self_checks import own_result
from counterfoil.audit.waivers import load_waivers
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, MigrationTree
from counterfoil.contract.packs import Pack
from counterfoil.history.tables import ensure_history
from counterfoil.migrations.counted import CountsAlone
from counterfoil.migrations.detection import LeftOut
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.facts import Facts, Reading
from counterfoil.migrations.load import NOT_LOADED, create_tables, load_facts
from counterfoil.migrations.rehearsal import replay_trees
from counterfoil.migrations.squawk import lint
from counterfoil.migrations.suppressions import UnknownRow, suppress
from counterfoil.postgres.connection import connect, connected, translated
from counterfoil.postgres.instant import open_transaction
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.server import start_server
from counterfoil.postgres.session import Session
from counterfoil.suites.own_checks import OwnCheck
from counterfoil.suites.suite import check_suites, load_suites, read_pii_columns
from counterfoil.views.build import ensure_views

log = logging.getLogger(__name__)

DATABASE = "counterfoil_migrations"
_PACKS: tuple[Pack, ...] = ("migrations",)
# Every finding is listed: whoever corrects a folder wants them all.
_MOST_FINDINGS = 100_000
# Others judge a folder of theirs at the same time, and a first run builds.
_LONGEST_WAIT_S = 600
_BUILDING = 6_004


TREES_SUPPORTED = OwnCheck(
    check_id="migrations.trees_supported",
    title="Every folder of migrations is of a tool that is supported",
    severity="warning",
    relation="migrations",
    owner="platform",
    category="Migrations",
    why="What is not read is not judged, whatever it does to the same database.",
    remedy="Name the folders that can be judged, or declare them in a contract.",
)

# By check, the view in which rows that it can say nothing of are marked, and their words.
_UNKNOWN: dict[str, tuple[str, str]] = {
    "migrations.parse": ("migration_parse_faults", "{problem}"),
    "migrations.rehearsal": ("migration_refusals", "{says}"),
    "migrations.models_agree": ("migration_models", "{named_by} wants {table_name}; {explanation}"),
    "migrations.model_columns_agree": (
        "migration_model_columns",
        "{named_by}, {table_name}.{column_name}: {explanation}",
    ),
}


@dataclass(frozen=True)
class JudgedFolder:
    """What came of a folder.

    Attributes:
        audit: every finding that the files do not accept themselves.
        unknown: what its checks could say nothing of.
        readings: what was read of each tree.
        left_out: migrations beside them of which nothing is judged.
    """

    audit: Audit
    unknown: list[UnknownRow]
    readings: list[Reading]
    left_out: Sequence[LeftOut] = ()


def judge_folder(
    folder: Path,
    trees: Mapping[str, MigrationTree],
    settings: Settings,
    *,
    database: str | None = None,
    waivers_file: Path | None = None,
    static: bool = False,
    runs_alembic: bool = False,
    with_squawk: bool = False,
    left_out: Sequence[LeftOut] = (),
) -> JudgedFolder:
    """Reads the trees of a folder, and holds every check of the migrations pack to them.

    Args:
        folder: what the trees' folders are relative to.
        trees: by name.
        settings: the operator's.
        database: what waivers call the database; the folder's name if none is given.
        waivers_file: findings accepted elsewhere than in the files; None for none.
        static: run nothing: names, order and syntax are judged alone.
        runs_alembic: import Alembic's revisions and run them; else their text is read.
        with_squawk: ask squawk, too.
        left_out: what was found beside the trees and is not judged.

    Raises:
        CounterfoilError: the waivers or a tree cannot be read, or the embedded server or the
            views fail.
    """
    settings = settings.model_copy(update={"lock_timeout_s": _LONGEST_WAIT_S})
    facts = read_trees(trees, folder, static=static)
    log.info("Read %s files of %s", f"{len(facts.files):,}", ", ".join(trees))
    if with_squawk:
        facts.lints = [
            found
            for tree in facts.trees
            for found in lint(tree, facts.scripts[tree.tree].forward, folder)
        ]
        facts.trees = [replace(tree, is_linted=True) for tree in facts.trees]
    contract = _contract(database or folder.absolute().name or "/")
    suites = load_suites(*settings.expectations_dirs)
    waivers = load_waivers(waivers_file, suites) if waivers_file else ()
    applying = tuple(suite for suite in suites if suite.applies_to(contract) and not suite.is_live)
    check_suites(applying, contract, read_pii_columns(*settings.models_dirs))
    target = ensure_database(settings, DATABASE)
    _ensure_views(target, settings)
    if not static:
        replay_trees(facts, trees, folder, runs_alembic=runs_alembic)
    with open_transaction(target, settings) as transaction:
        with translated(transaction.connection, target, NOT_LOADED):
            # What the files accept is told here, and not left out of what is judged.
            load_facts(transaction.connection, replace(facts, suppressions=[]))
        scope = Scope(
            contract, str(folder), applying, waivers=waivers, evidence_limit=_MOST_FINDINGS
        )
        found = audit(scope, transaction, audit_id=DATABASE, asserted_by=CountsAlone())
        unknown = _fetch_unknown(transaction.connection)
    found, unknown = suppress(found, unknown, facts.suppressions)
    supported, rows = _trees_supported(facts, left_out)
    checks = [*found.checks, supported]
    found = found.model_copy(update={"checks": checks, "status": audit_status(checks)})
    return JudgedFolder(found, [*unknown, *rows], facts.readings, left_out)


def _trees_supported(
    facts: Facts, left_out: Sequence[LeftOut]
) -> tuple[CheckResult, list[UnknownRow]]:
    """Another tool's migrations are unknown; another database's are nothing to us."""
    rows = [
        UnknownRow(
            TREES_SUPPORTED.check_id,
            left.folder,
            left.folder,
            1,
            f"{left.file_count} files of {left.tool}, which is not supported",
        )
        for left in left_out
        if not left.is_other_database
    ]
    result = own_result(TREES_SUPPORTED, rows_checked=len(facts.trees) + len(rows))
    if rows:
        folders = ", ".join(row.file for row in rows)
        detail = f"not judged: {folders}. Name the folder of the others, or a contract of them"
        result = result.model_copy(update={"status": "unknown", "detail": detail})
    return result, rows


def _fetch_unknown(connection: Connection) -> list[UnknownRow]:
    rows = []
    with connection.cursor() as cursor:
        for check_id, (view, words) in _UNKNOWN.items():
            cursor.execute(
                sql.SQL(
                    "select to_jsonb(view) from {} as view where is_unknown order by file, line"
                ).format(sql.Identifier(PUBLIC_SCHEMA, view))
            )
            for (row,) in cursor:
                message = words.format_map(row)
                rows.append(UnknownRow(check_id, row["tree"], row["file"], row["line"], message))
    return rows


def ensure_database(settings: Settings, name: str) -> Target:
    """A database of that name on the embedded server; both are made if they are missing."""
    host = start_server(settings.demo_dir)
    target = Target(name=name, type="postgres", host=str(host), user="postgres", dbname=name)
    maintenance = connect(target.model_copy(update={"dbname": "postgres"}), settings)
    try:
        maintenance.autocommit = True
        _create_database(maintenance, name)
    finally:
        maintenance.close()
    return target


def _create_database(connection: Connection, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select from pg_catalog.pg_database where datname = %s", (name,))
        if cursor.fetchone() is not None:
            return
        try:
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        except psycopg2.errors.UniqueViolation:
            # Somebody else was quicker.
            log.debug("database %s stands already", name)


def _ensure_views(target: Target, settings: Settings) -> None:
    log.info("Checking whether the views are up to date; building them takes half a minute")
    session = Session.alone(target, settings)
    with connected(target, settings, NOT_LOADED) as connection:
        with connection.cursor() as cursor:
            # Held until the connection ends: of two first runs one builds, and one waits.
            cursor.execute("select pg_advisory_lock(%s)", (_BUILDING,))
        create_tables(connection)
        connection.commit()
        ensure_history(session)
        # The same contract for every folder: the views are built once, not once a folder.
        ensure_views(_contract(DATABASE), session)


def _contract(database: str) -> Contract:
    return Contract.model_validate(
        {
            "database": database,
            "schema": "public",
            "packs": _PACKS,
            "migrations": {"migrations": {"folder": "."}},
        }
    )
