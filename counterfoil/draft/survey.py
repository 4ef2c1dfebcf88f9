"""What a draft is made from: the catalog of every schema of the application's, and rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import PreflightError
from counterfoil.contract.catalog import Catalog, CatalogForeignKey
from counterfoil.contract.clauses import locate
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

# Those with tables, `public` first, then by the number of them.
_SCHEMAS = """
    select namespace.nspname
    from pg_catalog.pg_namespace as namespace
    join pg_catalog.pg_class as relation on relation.relnamespace = namespace.oid
    where relation.relkind in ('r', 'p')
        and relation.relpersistence <> 't'
        and namespace.nspname !~ '^(pg_|information_schema$|counterfoil)'
        and not exists (
            select from pg_catalog.pg_depend as membership
            where membership.classid = 'pg_catalog.pg_class'::regclass
                and membership.objid = relation.oid
                and membership.deptype = 'e'
        )
    group by namespace.nspname
    order by namespace.nspname <> 'public', count(*) desc, namespace.nspname
"""

_ROW_SECURITY = """
    select namespace.nspname, relation.relname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relrowsecurity and not relation.relispartition
"""


@dataclass(frozen=True)
class Survey:
    """A database, as far as a draft of its contract needs to know it.

    Attributes:
        database: its name.
        schemas: the application's, the one that bare names mean first.
        catalog: their tables and foreign keys.
        in_use: the tables that have rows.
        alone: of those that others inherit from, which have rows of their own.
        walled: the tables with row security.
        orphans: of each guessed reference, by table and column, the rows without a parent.
    """

    database: str
    schemas: tuple[str, ...]
    catalog: Catalog
    in_use: frozenset[str]
    alone: frozenset[str]
    walled: frozenset[str]
    orphans: Mapping[tuple[str, str], int]


def survey(session: Session) -> Survey:
    """What the database holds.

    Raises:
        TargetError: it cannot be reached.
        PreflightError: it has no tables, or the role may not read one of them.
    """
    grants = "Grant the role USAGE on the schemas, SELECT on their tables and BYPASSRLS"
    with session.as_builder(Refusal(PreflightError, remedy=grants)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return _survey(connection, session.builder)


def guessed_references(catalog: Catalog) -> list[CatalogForeignKey]:
    """Columns called `<table>_id` or `<table>Id`, without a constraint, of a type that fits."""
    constrained = {
        (foreign_key.child, column)
        for foreign_key in catalog.foreign_keys
        for column in foreign_key.columns
    }
    parents: dict[str, list[str]] = {}
    for name, table in catalog.tables.items():
        if len(table.primary_key) == 1:
            bare = name.rsplit(".", 1)[-1].lower().replace("_", "")
            for spelt in {bare, bare.removesuffix("s"), bare.removesuffix("es")}:
                parents.setdefault(spelt, []).append(name)
            if bare.endswith("ies"):
                parents.setdefault(f"{bare.removesuffix('ies')}y", []).append(name)
    guesses = []
    for name, table in sorted(catalog.tables.items()):
        for column, type_ in table.types.items():
            if (name, column) in constrained or (column,) == table.primary_key:
                continue
            plain = column.lower().replace("_", "")
            candidates = parents.get(plain.removesuffix("id"), []) if plain.endswith("id") else []
            fitting = [
                parent
                for parent in candidates
                if catalog.tables[parent].types[catalog.tables[parent].primary_key[0]] == type_
            ]
            if len(fitting) == 1:
                key = catalog.tables[fitting[0]].primary_key
                guesses.append(CatalogForeignKey(name, fitting[0], (column,), key, None))
    return guesses


def _survey(connection: Connection, target: Target) -> Survey:
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS)
        schemas = tuple(name for (name,) in cursor)
        if not schemas:
            raise PreflightError(
                "no table of an application's: there is nothing to draft a contract from",
                where=str(target),
                remedy="Check the database's name, or run the application's migrations first",
            )
        catalog = Catalog.read(connection, schemas)
        in_use, alone = set(), set()
        for name, table in catalog.tables.items():
            relation = sql.Identifier(*locate(name, schemas))
            cursor.execute(
                sql.SQL(
                    "select exists (select from {0}), {1} and exists (select from only {0})"
                ).format(relation, sql.Literal(table.has_heirs))
            )
            ((has_rows, has_own_rows),) = cursor.fetchall()
            if has_rows:
                in_use.add(name)
            if has_own_rows:
                alone.add(name)
        cursor.execute(_ROW_SECURITY)
        secured = set(cursor.fetchall())
        orphans = {}
        for guess in guessed_references(catalog):
            cursor.execute(_orphans_of(guess, schemas))
            ((orphans[guess.child, guess.columns[0]],),) = cursor.fetchall()
    return Survey(
        database=target.dbname,
        schemas=schemas,
        catalog=catalog,
        in_use=frozenset(in_use),
        alone=frozenset(alone),
        walled=frozenset(name for name in catalog.tables if locate(name, schemas) in secured),
        orphans=orphans,
    )


def _orphans_of(guess: CatalogForeignKey, schemas: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(
        "select count(*) from {child} as child where child.{column} is not null"
        " and not exists (select from {parent} as parent where parent.{key} = child.{column})"
    ).format(
        child=sql.Identifier(*locate(guess.child, schemas)),
        column=sql.Identifier(guess.columns[0]),
        parent=sql.Identifier(*locate(guess.parent, schemas)),
        key=sql.Identifier(guess.parent_columns[0]),
    )
