"""What an audit of a live database needs of its migrations, before its instant is taken."""

import logging
from collections.abc import Iterator
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import MigrationsError
from counterfoil.contract.contract import Contract, MigrationHistory, MigrationTree
from counterfoil.migrations.demands import ask, read_demands
from counterfoil.migrations.detection import detect
from counterfoil.migrations.extract import read_trees
from counterfoil.migrations.facts import Demand, Facts
from counterfoil.migrations.load import (
    NOT_LOADED,
    create_tables,
    load_facts,
    standing_replays,
)
from counterfoil.migrations.rehearsal import replay_trees
from counterfoil.migrations.tools import TOOLS
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.schemas import STAGING_SCHEMA
from counterfoil.postgres.session import Session

log = logging.getLogger(__name__)

PACK = "migrations"

# What tells whose table it is: the first whose columns it has all of.
_FORMATS: dict[str, frozenset[str]] = {
    "alembic": frozenset({"version_num"}),
    "flyway": frozenset({"installed_rank", "version", "checksum", "success"}),
    "drizzle": frozenset({"hash", "created_at"}),
    "goose": frozenset({"version_id", "is_applied"}),
    "prisma": frozenset({"migration_name", "finished_at", "rolled_back_at"}),
    "sql-migrate": frozenset({"id", "applied_at"}),
    "latest": frozenset({"version", "dirty"}),
    "versions": frozenset({"version"}),
}

_COLUMNS = """
    select attribute.attname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = %s
        and relation.relname = %s
        and relation.relkind in ('r', 'p', 'v')
        and attribute.attnum > 0
        and not attribute.attisdropped
        and pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        and pg_catalog.has_table_privilege(relation.oid, 'SELECT')
"""


def with_histories(contract: Contract, contract_dir: Path, session: Session) -> Contract:
    """The contract with the record of applied versions that each of its trees has.

    One that is not declared is looked for by its usual name. One that the builder may not
    read counts as not there: what is in it stays unknown.

    Raises:
        MigrationsError: a declared one is not there, or may not be read.
    """
    if PACK not in contract.packs:
        return contract
    with session.as_builder(Refusal(MigrationsError)) as connection:
        found = {
            name: tree.model_copy(update={"history": _history(tree, contract_dir, connection)})
            for name, tree in contract.migrations.items()
        }
    return contract.model_copy(update={"migrations": found})


def load_migrations(contract: Contract, contract_dir: Path, session: Session) -> None:
    """Reads the contract's migrations, replays the trees that are not as they were last time,
    and loads what came of it beside the views.

    Raises:
        MigrationsError: a folder cannot be read, or the database refuses the facts.
    """
    if PACK not in contract.packs:
        return
    facts = read_trees(contract.migrations, contract_dir)
    with session.as_builder(NOT_LOADED) as connection:
        create_tables(connection)
        known = standing_replays(connection)
        # A replay takes a while: no transaction stands open meanwhile.
        connection.commit()
        facts.demands = ask(_demands(facts), connection)
        connection.commit()
        replay_trees(facts, contract.migrations, contract_dir, known=known)
        with connection.cursor() as cursor:
            # Two audits at once would each leave their rows beside the other's.
            cursor.execute(
                f"lock table {STAGING_SCHEMA}.migration_trees in share row exclusive mode"
            )
        if standing_replays(connection) != known:
            known = set()
            replay_trees(facts, contract.migrations, contract_dir)
        load_facts(connection, facts, known=known)
        connection.commit()
    log.info("Read %s files of migrations", f"{len(facts.files):,}")


def _demands(facts: Facts) -> Iterator[Demand]:
    for tree in facts.trees:
        yield from read_demands(tree.tree, tree.default_schema, facts.scripts[tree.tree].forward)


def _history(
    tree: MigrationTree, contract_dir: Path, connection: Connection
) -> MigrationHistory | None:
    if tree.history is not None:
        if not _columns(connection, tree.history.table, tree.default_schema):
            raise MigrationsError(
                f"no table {tree.history.table}, or none that the builder may read",
                where="contract, key migrations.*.history",
                remedy="Correct its name, or grant SELECT on it",
            )
        return tree.history
    layout = detect(contract_dir / tree.folder) if tree.layout == "auto" else tree.layout
    for table in TOOLS[layout].records if layout else ():
        columns = _columns(connection, table, tree.default_schema)
        for form, wanted in _FORMATS.items():
            if columns and wanted <= columns:
                return MigrationHistory.model_validate({"table": table, "format": form})
    return None


def _columns(connection: Connection, table: str, default_schema: str) -> frozenset[str]:
    schema, _, name = table.rpartition(".")
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (schema or default_schema, name))
        return frozenset(column for (column,) in cursor)
