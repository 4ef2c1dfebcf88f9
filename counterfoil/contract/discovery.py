"""What the catalog adds to a contract: the tables and relationships that carry the tenant.

A contract lists what was there when it was written. A table added tomorrow is covered as
well: each that carries the tenant column is audited, and each foreign key between two of
them. What was discovered becomes part of the contract that is built and audited, so the
views are rebuilt when it changes, and everything downstream knows one contract only.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.common.errors import PreflightError
from counterfoil.contract.clauses import label
from counterfoil.contract.contract import Contract, Relationship, Table, Tenant
from counterfoil.contract.structure import DeleteRule
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.session import Session

log = logging.getLogger(__name__)

# Where a row of a table without a key lies: the only name it has.
ROW_PLACE = "ctid"

_TABLES = """
    select
        namespace.nspname,
        relation.relname,
        array(
            select attribute.attname::text
            from pg_catalog.pg_attribute as attribute
            where attribute.attrelid = relation.oid
                and attribute.attnum > 0
                and not attribute.attisdropped
            order by attribute.attnum
        ),
        array(
            select format_type(attribute.atttypid, null)
            from pg_catalog.pg_attribute as attribute
            where attribute.attrelid = relation.oid
                and attribute.attnum > 0
                and not attribute.attisdropped
            order by attribute.attnum
        ),
        array(
            select attribute.attname::text
            from pg_catalog.pg_attribute as attribute
            where attribute.attrelid = relation.oid
                and attribute.attnum > 0
                and attribute.attnotnull
        ),
        array(
            select attribute.attname::text
            from pg_catalog.pg_constraint as key
            cross join lateral unnest(key.conkey) with ordinality as part (number, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = relation.oid and attribute.attnum = part.number
            where key.conrelid = relation.oid and key.contype = 'p'
            order by part.position
        )
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = any(%s)
        and relation.relkind in ('r', 'p')
        and not relation.relispartition
        and relation.relpersistence <> 't'
        and not exists (
            select from pg_catalog.pg_depend as membership
            where membership.classid = 'pg_catalog.pg_class'::regclass
                and membership.objid = relation.oid
                and membership.deptype = 'e'
        )
    order by 1, 2
"""

_FOREIGN_KEYS = """
    select
        child_schema.nspname,
        child.relname,
        parent_schema.nspname,
        parent.relname,
        array(
            select attribute.attname::text
            from unnest(key.conkey) with ordinality as part (number, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = key.conrelid and attribute.attnum = part.number
            order by part.position
        ),
        array(
            select attribute.attname::text
            from unnest(key.confkey) with ordinality as part (number, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = key.confrelid and attribute.attnum = part.number
            order by part.position
        ),
        case key.confdeltype
            when 'a' then 'no action'
            when 'r' then 'restrict'
            when 'c' then 'cascade'
            when 'n' then 'set null'
            when 'd' then 'set default'
        end
    from pg_catalog.pg_constraint as key
    join pg_catalog.pg_class as child on child.oid = key.conrelid
    join pg_catalog.pg_namespace as child_schema on child_schema.oid = child.relnamespace
    join pg_catalog.pg_class as parent on parent.oid = key.confrelid
    join pg_catalog.pg_namespace as parent_schema on parent_schema.oid = parent.relnamespace
    where key.contype = 'f'
        and key.conparentid = 0
        and not child.relispartition
        and child_schema.nspname = any(%s)
        and parent_schema.nspname = any(%s)
    order by 1, 2, key.conname
"""

# Of these kinds each type compares with each; of others only with itself.
_KINDS = {
    "smallint": "number",
    "integer": "number",
    "bigint": "number",
    "numeric": "number",
    "text": "text",
    "character varying": "text",
    "character": "text",
}


@dataclass(frozen=True)
class CatalogTable:
    """A table as the catalog has it: the types of its columns by name, and its key."""

    name: str
    types: Mapping[str, str]
    not_null: frozenset[str]
    primary_key: tuple[str, ...]

    @property
    def key(self) -> str | tuple[str, ...]:
        """What a contract calls its key: the primary one, else the place of a row."""
        if not self.primary_key:
            return ROW_PLACE
        return self.primary_key[0] if len(self.primary_key) == 1 else self.primary_key


@dataclass(frozen=True)
class CatalogForeignKey:
    """A foreign key: the columns of both sides, in step; no rule if it is only guessed."""

    child: str
    parent: str
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    delete_rule: DeleteRule | None


@dataclass(frozen=True)
class Catalog:
    """The tables of the contract's schemas, and the foreign keys between them, by label."""

    tables: Mapping[str, CatalogTable]
    foreign_keys: tuple[CatalogForeignKey, ...]

    @classmethod
    def read(cls, connection: Connection, schemas: Iterable[str]) -> "Catalog":
        """The catalog, in one query each."""
        names = list(schemas)
        with connection.cursor() as cursor:
            cursor.execute(_TABLES, (names,))
            tables = [
                CatalogTable(
                    label(schema, relation, names),
                    dict(zip(columns, types, strict=True)),
                    frozenset(not_null),
                    tuple(key),
                )
                for schema, relation, columns, types, not_null, key in cursor
            ]
            cursor.execute(_FOREIGN_KEYS, (names, names))
            foreign_keys = tuple(
                CatalogForeignKey(
                    label(child_schema, child, names),
                    label(parent_schema, parent, names),
                    tuple(columns),
                    tuple(parent_columns),
                    rule,
                )
                for (
                    child_schema,
                    child,
                    parent_schema,
                    parent,
                    columns,
                    parent_columns,
                    rule,
                ) in cursor
            )
        return cls({table.name: table for table in tables}, foreign_keys)


def discover(contract: Contract, session: Session) -> Contract:
    """The contract with what the catalog adds to it.

    Args:
        contract: what was declared, which always goes before what is discovered.
        session: whose builder is asked.

    Raises:
        TargetError: the database cannot be reached.
        UnavailableError: the connection was lost meanwhile.
        PreflightError: it refuses to show its catalog.
    """
    if contract.tenant is None or not contract.reads_rows:
        return contract
    with session.as_builder(Refusal(PreflightError)) as connection:
        catalog = Catalog.read(connection, contract.schemas)
    return with_discovered(contract, contract.tenant, catalog)


def with_discovered(contract: Contract, tenant: Tenant, catalog: Catalog) -> Contract:
    """The contract, and every table and relationship of the catalog that carries its tenant."""
    tables = dict(contract.tables)
    for name, table in _tenants_tables(contract, tenant, catalog).items():
        tables.setdefault(name, Table(key=table.key))
    scoped = {name for name, table in tables.items() if not table.global_} - {tenant.table}
    relationships = {relationship.name: relationship for relationship in contract.relationships}
    for foreign_key in catalog.foreign_keys:
        if {foreign_key.child, foreign_key.parent} <= scoped:
            relationship = _relationship(foreign_key, tenant, tables)
            if relationship is not None:
                relationships.setdefault(relationship.name, relationship)
    added = len(tables) - len(contract.tables), len(relationships) - len(contract.relationships)
    if not any(added):
        return contract
    log.info("Discovered beyond the contract: %d tables, %d relationships", *added)
    return contract.model_copy(
        update={"tables": tables, "relationships": tuple(relationships.values())}
    )


def _tenants_tables(
    contract: Contract, tenant: Tenant, catalog: Catalog
) -> dict[str, CatalogTable]:
    """Those that carry the tenant, in a type that the tenants' key compares with."""
    found = {}
    tenants = catalog.tables.get(tenant.table)
    (key,) = contract.key_of(tenant.table)
    wanted = tenants.types.get(key) if tenants else None
    for name, table in catalog.tables.items():
        column = tenant.column_of(name)
        if name == tenant.table or tenant.is_global(name) or column not in table.types:
            continue
        if wanted is not None and not _compare(table.types[column], wanted):
            log.warning(
                "Not audited: %s.%s is %s, and %s.%s is %s",
                *(name, column, table.types[column], tenant.table, key, wanted),
            )
            continue
        found[name] = table
    return found


def _compare(one: str, other: str) -> bool:
    return _KINDS.get(one, one) == _KINDS.get(other, other)


def _relationship(
    foreign_key: CatalogForeignKey, tenant: Tenant, tables: Mapping[str, Table]
) -> Relationship | None:
    """The one pair of columns besides the tenant's; None if there is not exactly one."""
    tenants = (tenant.column_of(foreign_key.child), tenant.column_of(foreign_key.parent))
    pairs = [
        pair
        for pair in zip(foreign_key.columns, foreign_key.parent_columns, strict=True)
        if pair != tenants
    ]
    if len(pairs) != 1:
        return None
    ((column, parent_column),) = pairs
    is_by_key = tables[foreign_key.parent].key_columns == (parent_column,)
    return Relationship(
        child=foreign_key.child,
        column=column,
        parent=foreign_key.parent,
        parent_column=None if is_by_key else parent_column,
    )
