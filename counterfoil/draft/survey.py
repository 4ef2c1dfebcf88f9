"""What a draft is made from: the catalog of every schema of the application's, and rows."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import PreflightError
from counterfoil.contract.catalog import Catalog, CatalogForeignKey, outward_keys
from counterfoil.contract.clauses import label, locate, matches
from counterfoil.draft.ledgers.search import SECONDS, FoundLedger, Known, find_ledgers
from counterfoil.draft.polymorphic import (
    TypedReference,
    TypedReferences,
    find_typed_references,
)
from counterfoil.draft.references import MOST_ASTRAY, SAMPLED, Guess, guess_references, try_guess
from counterfoil.draft.shape import Shape
from counterfoil.draft.tenant import TenantGuess, count_crossings, guess_tenant
from counterfoil.draft.tenant_schemas import (
    TenantSchemasGuess,
    alike,
    guess_tenant_schemas,
    listing_column,
)
from counterfoil.draft.walls import PLATFORM_SCHEMAS, Walls, is_platform, read_walls
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session
from counterfoil.postgres.words import words_of

# Those with tables, `public` first, then by the number of them.
_SCHEMAS = """
    select namespace.nspname, pg_catalog.has_schema_privilege(namespace.oid, 'usage')
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
    group by namespace.oid, namespace.nspname
    order by namespace.nspname <> 'public', count(*) desc, namespace.nspname
"""

# Of each table: whether it is walled, may be read, and shows all of its rows; and how many
# there were when Postgres last looked, in all of its partitions.
_TABLES = """
    select
        namespace.nspname,
        relation.relname,
        relation.relrowsecurity,
        pg_catalog.has_table_privilege(relation.oid, 'select'),
        pg_catalog.row_security_active(relation.oid),
        coalesce(parts.row_count, relation.reltuples)
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    left join (
        select pg_catalog.pg_partition_root(oid) as root_oid, sum(reltuples) as row_count
        from pg_catalog.pg_class
        where relispartition and relkind = 'r' and reltuples > 0
        group by 1
    ) as parts on parts.root_oid = relation.oid
    where relation.relkind in ('r', 'p')
        and not relation.relispartition
        and namespace.nspname = any(%s)
"""

_FOREIGN = "a foreign table"

# What has rows, and is no table of the application's own.
_OTHERS = """
    select
        namespace.nspname,
        relation.relname,
        case relation.relkind when 'f' then %s else 'a materialized view' end
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('f', 'm')
        and namespace.nspname = any(%s)
        and not exists (
            select from pg_catalog.pg_depend as membership
            where membership.classid = 'pg_catalog.pg_class'::regclass
                and membership.objid = relation.oid
                and membership.deptype = 'e'
        )
    order by 1, 2
"""

_DOMAINS = """
    select format_type(oid, null), format_type(typbasetype, null)
    from pg_catalog.pg_type
    where typtype = 'd'
"""

# Rows of a table that are counted; beyond these Postgres' estimate will do.
_COUNTED = 1_000

# Rows that reference another tenant's, whatever their share: so few may be mistakes.
_FEW = 10

# How many tables are read before their locks are given back.
_TABLES_AT_ONCE = 50

# What holds rows for a while only, by a word of its name.
_FLEETING = re.compile(
    "(cache|job|lock|nonce|otp|queue|session|token)s?|inbox|outbox", re.IGNORECASE
)


@dataclass(frozen=True)
class Choice:
    """What is drafted: the schemas, all of the application's if none is named, without tables
    that a glob of `excluded` matches.
    """

    schemas: Sequence[str] = ()
    excluded: Sequence[str] = ()


@dataclass(frozen=True)
class Survey:
    """A database, as far as a draft of its contract needs to know it.

    Attributes:
        database: its name.
        schemas: the application's, the one that bare names mean first.
        catalog: their tables and foreign keys.
        shape: what else the catalog says of them.
        rows: how many rows the tables have, about: those that could be read.
        alone: of those that others inherit from, which have rows of their own.
        walled: the tables with row security.
        outward: foreign keys to tables of schemas that are not the contract's.
        guesses: references that only names speak of, and what their rows say.
        typed: references whose parent is told by a type beside them.
        tenant: who may share the database.
        tenantless: of tables whose tenant may be null, the rows looked at that have none, and
            all of them.
        tenant_schemas: the schemas that tenants may have, which are not among `schemas`.
        walls: what row security there is, and against whom.
        ledgers: stored numbers that other rows add up to.
        unread: the tables that could not be read, and why.
        foreign: the foreign tables.
        left_out: what else is not in the draft, and why, one line each.
        excluded: the globs of tables that are left out by choice.
    """

    database: str
    schemas: tuple[str, ...]
    catalog: Catalog
    shape: Shape
    rows: Mapping[str, int]
    alone: frozenset[str]
    walled: frozenset[str]
    outward: Sequence[CatalogForeignKey] = ()
    guesses: Sequence[Guess] = ()
    typed: Sequence[TypedReference] = ()
    tenant: TenantGuess | None = None
    tenantless: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tenant_schemas: TenantSchemasGuess | None = None
    walls: Walls | None = None
    ledgers: Sequence[FoundLedger] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    foreign: Sequence[str] = ()
    left_out: Sequence[str] = ()
    excluded: Sequence[str] = ()

    @cached_property
    def filled(self) -> frozenset[str]:
        """The tables that have rows."""
        return frozenset(name for name, count in self.rows.items() if count)

    @cached_property
    def fleeting(self) -> frozenset[str]:
        """The tables that may be empty at any time: queues, and what a crash empties."""
        return self.shape.unlogged | {name for name in self.rows if _is_fleeting(name)}

    @cached_property
    def in_use(self) -> frozenset[str]:
        """The tables that are to have rows."""
        return self.filled - self.fleeting


def survey(session: Session, choice: Choice = Choice()) -> Survey:
    """What the database holds.

    Raises:
        TargetError: it cannot be reached.
        PreflightError: it has no tables, or none of them may be read.
    """
    grants = "Grant the role USAGE on the schemas, SELECT on their tables and BYPASSRLS"
    with session.as_builder(Refusal(PreflightError, remedy=grants)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return _survey(connection, session.builder, choice)


def _survey(connection: Connection, target: Target, choice: Choice) -> Survey:
    schemas, left_out = _schemas(connection, target, choice)
    schemas, of_tenants, unlike = _tenant_schemas(connection, schemas, choice)
    left_out += unlike
    catalog = Catalog.read(connection, schemas)
    shape = Shape.read(connection, schemas, catalog)
    catalog = catalog.without(
        {name for name in catalog.tables if any(matches(one, name) for one in choice.excluded)}
    )
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, (_FOREIGN, list(schemas)))
        others = [(label(schema, name, schemas), kind) for schema, name, kind in cursor]
        left_out += [f"{name}: {kind}" for name, kind in others]
        cursor.execute(_DOMAINS)
        bases: dict[str, str] = dict(cursor)
        guesses = guess_references(catalog, bases, schemas)
    counted = _Counted(connection, target, catalog, schemas)
    tried = [
        try_guess(connection, reference, schemas)
        for reference in guesses.references
        if {reference.child, reference.parent} <= counted.rows.keys()
    ]
    typed = find_typed_references(connection, catalog, bases, counted.rows.keys(), schemas)
    borne_out = [guess.reference for guess in tried if guess.is_borne_out]
    references = [*catalog.foreign_keys, *borne_out]
    tenant = guess_tenant(catalog, references)
    if tenant and not counted.rows.get(tenant.table):
        tenant = None
    if tenant:
        of_types = (one for found in typed.found for one in found.of_types(catalog))
        of_all = ((reference, sql.SQL("true")) for reference in references)
        crossing, of = count_crossings(
            connection, tenant, chain(of_all, of_types), counted.rows, schemas
        )
        if crossing > max(_FEW, of * MOST_ASTRAY):
            left_out.append(
                f"tenant {tenant.table}: {crossing} of {of} rows with its {tenant.column} reference"
                " another one's"
            )
            tenant = None
    by_type = [key for one in typed.found for key, _ in one.of_types(catalog)]
    known = Known(
        catalog.of_bases(bases),
        [*references, *by_type],
        counted.rows,
        schemas,
        frozenset({tenant.column, *tenant.columns.values()} if tenant else ()),
    )
    ledgers, are_all = find_ledgers(connection, known)
    if not are_all:
        left_out.append(f"ledgers that were not found in {SECONDS} seconds")
    return Survey(
        database=target.dbname,
        schemas=schemas,
        catalog=catalog,
        shape=shape,
        rows=counted.rows,
        alone=frozenset(counted.alone),
        walled=frozenset(counted.walled),
        outward=_outward(connection, catalog, schemas, of_tenants),
        guesses=tried,
        typed=typed.found,
        tenant=tenant,
        tenantless=_tenantless(connection, catalog, tenant, counted.rows, schemas),
        tenant_schemas=of_tenants,
        walls=read_walls(
            connection,
            schemas,
            {name: name in counted.walled for name in catalog.tables},
            {role: held for role, held in shape.privileges.items() if role != "public"},
            PLATFORM_SCHEMAS.difference(schemas) if is_platform(connection) else frozenset(),
        ),
        ledgers=ledgers,
        unread=counted.unread,
        foreign=[name for name, kind in others if kind == _FOREIGN],
        left_out=[*left_out, *_unsaid(guesses.left_out, typed), *typed.left_out],
        excluded=tuple(
            one for one in choice.excluded if any(matches(one, name) for name in shape.columns)
        ),
    )


def _schemas(
    connection: Connection, target: Target, choice: Choice
) -> tuple[tuple[str, ...], list[str]]:
    """Those that are drafted, in the order of the choice, and what is said of the others."""
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS)
        found: dict[str, bool] = dict(cursor)
    missing = [name for name in choice.schemas if name not in found]
    if missing or not found:
        what = (
            f"no schema '{missing[0]}' with tables" if missing else "no table of an application's"
        )
        raise PreflightError(
            f"{what}: there is nothing to draft a contract from",
            where=str(target),
            remedy="Check the database's name, or run the application's migrations first",
        )
    platform = PLATFORM_SCHEMAS & found.keys() if is_platform(connection) else frozenset()
    chosen = choice.schemas or [name for name in found if name not in platform] or found
    left_out = [f"schema {name}: the platform's" for name in sorted(platform - {*chosen})]
    closed = [name for name in chosen if not found[name]]
    schemas = tuple(dict.fromkeys(name for name in chosen if found[name]))
    if not schemas:
        raise PreflightError(
            f"role {target.user} may not use schema {closed[0]}, nor another one with tables",
            where=str(target),
            remedy="Grant the role USAGE on the schemas, SELECT on their tables and BYPASSRLS",
        )
    left_out += [f"schema {name}: role {target.user} may not use it" for name in closed]
    return schemas, left_out


def _tenant_schemas(
    connection: Connection, schemas: tuple[str, ...], choice: Choice
) -> tuple[tuple[str, ...], TenantSchemasGuess | None, list[str]]:
    """The schemas that are no tenant's, those that are, and what is said of others."""
    names = alike(connection, schemas)
    own = tuple(name for name in schemas if name not in names)
    if not names or not own:
        return schemas, None, []
    of = listing_column(connection, Catalog.read(connection, own), own, names)
    if not of:
        named = ", ".join(names)
        return (
            schemas,
            None,
            [f"schemas {named} have the same tables, and no column lists each once"],
        )
    found = guess_tenant_schemas(connection, own, of, names, choice.excluded)
    own = (*own, *found.others)
    return own, found, [*found.unlike(own)]


def _unsaid(left_out: Iterable[str], typed: TypedReferences) -> list[str]:
    """What was left out of the references, without what is known of a type beside one."""
    known = [f"{one.child}.{one.column}: " for one in typed.found]
    known += [f"{line.partition(': ')[0]}: " for line in typed.left_out]
    return [line for line in left_out if not line.startswith(tuple(known))]


def _outward(
    connection: Connection,
    catalog: Catalog,
    schemas: Sequence[str],
    of_tenants: TenantSchemasGuess | None,
) -> list[CatalogForeignKey]:
    """The foreign keys that leave the schemas, but for those to a tenant's."""
    tenants = tuple(f"{name}." for name in of_tenants.names) if of_tenants else ()
    return [
        key
        for key in outward_keys(connection, schemas)
        if key.child in catalog.tables and not key.parent.startswith(tenants)
    ]


def _tenantless(
    connection: Connection,
    catalog: Catalog,
    tenant: TenantGuess | None,
    readable: Container[str],
    schemas: Sequence[str],
) -> dict[str, tuple[int, int]]:
    """Of each table whose tenant may be null, how many of its first rows have none."""
    found = {}
    for name, table in catalog.tables.items() if tenant else ():
        column = tenant.column_of(name) if tenant else ""
        if column not in table.types or column in table.not_null or name not in readable:
            continue
        query = sql.SQL(
            "select count(*) filter (where found.{0} is null), count(*)"
            " from (select {0} from {1} limit {2}) as found"
        ).format(
            sql.Identifier(column),
            sql.Identifier(*locate(name, schemas)),
            sql.Literal(SAMPLED),
        )
        with connection.cursor() as cursor:
            cursor.execute(query)
            ((lacking, looked_at),) = cursor.fetchall()
        found[name] = (lacking, looked_at)
        connection.rollback()
    return found


class _Counted:
    """How many rows each table has, which are walled, and which cannot be read.

    The locks of what was read are given back time and again: there may be thousands.
    """

    def __init__(
        self, connection: Connection, target: Target, catalog: Catalog, schemas: Sequence[str]
    ) -> None:
        self.rows: dict[str, int] = {}
        self.alone: set[str] = set()
        self.walled: set[str] = set()
        self.unread: dict[str, str] = {}
        with connection.cursor() as cursor:
            cursor.execute(_TABLES, (list(schemas),))
            tables = {label(row[0], row[1], schemas): row[2:] for row in cursor}
        for number, name in enumerate(catalog.tables):
            is_walled, may_read, is_hidden, estimate = tables[name]
            if is_walled:
                self.walled.add(name)
            if not may_read:
                self.unread[name] = f"role {target.user} may not read it"
            elif is_hidden:
                self.unread[name] = f"row security hides rows of it from role {target.user}"
            else:
                has_heirs = catalog.tables[name].has_heirs
                self._count(connection, name, locate(name, schemas), estimate or 0, has_heirs)
            if number % _TABLES_AT_ONCE == 0:
                connection.rollback()
        connection.rollback()
        if not self.rows:
            name, why = next(iter(self.unread.items()))
            raise PreflightError(
                f"none of the {len(self.unread)} tables can be read: {name}: {why}",
                where=str(target),
                remedy="Grant the role USAGE on the schemas, SELECT on their tables and BYPASSRLS",
            )

    def _count(
        self,
        connection: Connection,
        name: str,
        relation: tuple[str, str],
        estimate: float,
        has_heirs: bool,
    ) -> None:
        count = sql.SQL(
            "select count(*), {1} and exists (select from only {0})"
            " from (select from {0} limit {2}) as found"
        ).format(sql.Identifier(*relation), sql.Literal(has_heirs), sql.Literal(_COUNTED))
        try:
            with connection.cursor() as cursor:
                cursor.execute(count)
                ((found, is_alone),) = cursor.fetchall()
        except psycopg2.Error as cause:
            if connection.closed:
                raise
            connection.rollback()
            self.unread[name] = words_of(cause)
            return
        self.rows[name] = max(found, round(estimate)) if found == _COUNTED else found
        if is_alone:
            self.alone.add(name)


def _is_fleeting(name: str) -> bool:
    words = re.findall("[A-Z]?[a-z0-9]+|[A-Z]+", name.rsplit(".", 1)[-1])
    return any(map(_FLEETING.fullmatch, words))
