"""What the catalog holds of a contract's schemas, and what it says of the contract's rules."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.contract.clauses import label
from counterfoil.contract.sequences import NumberedColumns
from counterfoil.contract.structure import DeleteRule

# Where a row of a table without a key lies: the only name it has, until it is updated.
ROW_PLACE = "ctid"

# A unique index proves nothing of rows that it sorted by another version of its collation. A
# type that is not Postgres' own, citext say, is compared by an operator that is on nobody's path.
_TABLES = """
    with recursive bases as (
        select oid as type_oid, oid as base_oid
        from pg_catalog.pg_type
        where typtype <> 'd'

        union all

        select domains.oid, bases.base_oid
        from bases
        join pg_catalog.pg_type as domains
            on domains.typbasetype = bases.type_oid and domains.typtype = 'd'
    ),

    stale_collations as (
        select collations.oid
        from pg_catalog.pg_collation as collations
        join pg_catalog.pg_database as here on here.datname = current_database()
        where collations.oid in (select unnest(indcollation) from pg_catalog.pg_index)
            and case collations.collprovider
                when 'd'
                    then here.datcollversion
                    <> pg_catalog.pg_database_collation_actual_version(here.oid)
                else collations.collversion
                    <> pg_catalog.pg_collation_actual_version(collations.oid)
            end
    )

    select
        namespace.nspname,
        relation.relname,
        relation.relkind = 'p',
        relation.relkind = 'r' and exists (
            select from pg_catalog.pg_inherits where pg_inherits.inhparent = relation.oid
        ),
        (
            select jsonb_agg(
                jsonb_build_object(
                    'name', attribute.attname,
                    'type', format_type(attribute.atttypid, null),
                    'not_null', attribute.attnotnull,
                    'collation', (
                        select quote_ident(schema.nspname) || '.' || quote_ident(collname)
                        from pg_catalog.pg_collation
                        join pg_catalog.pg_namespace as schema on schema.oid = collnamespace
                        where pg_collation.oid = attribute.attcollation
                    ),
                    -- Postgres' own types have lower numbers: this is not looked up for them.
                    'equality', case when attribute.atttypid >= 16384 then (
                        select format('operator(%%I.%%s)', schema.nspname, operators.oprname)
                        from bases
                        join pg_catalog.pg_opclass as class
                            on class.opcintype = bases.base_oid and class.opcdefault
                        join pg_catalog.pg_am as method
                            on method.oid = class.opcmethod and method.amname = 'btree'
                        join pg_catalog.pg_amop as entry
                            on entry.amopfamily = class.opcfamily
                            and entry.amoplefttype = class.opcintype
                            and entry.amoprighttype = class.opcintype
                            and entry.amopstrategy = 3
                        join pg_catalog.pg_operator as operators on operators.oid = entry.amopopr
                        join pg_catalog.pg_namespace as schema
                            on schema.oid = operators.oprnamespace
                        where bases.type_oid = attribute.atttypid
                            and schema.nspname <> 'pg_catalog'
                    ) end
                )
                order by attribute.attnum
            )
            from pg_catalog.pg_attribute as attribute
            where attribute.attrelid = relation.oid
                and attribute.attnum > 0
                and not attribute.attisdropped
        ),
        array(
            select attribute.attname::text
            from pg_catalog.pg_constraint as key
            cross join lateral unnest(key.conkey) with ordinality as part (number, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = relation.oid and attribute.attnum = part.number
            where key.conrelid = relation.oid and key.contype = 'p'
            order by part.position
        ),
        (
            select jsonb_agg(
                (
                    select jsonb_agg(attribute.attname)
                    from pg_catalog.pg_attribute as attribute
                    where attribute.attrelid = relation.oid
                        and attribute.attnum = any((proof.indkey::int2[])[:proof.indnkeyatts - 1])
                )
            )
            from pg_catalog.pg_index as proof
            where proof.indrelid = relation.oid
                and proof.indisunique
                and proof.indisvalid
                and proof.indisready
                and proof.indpred is null
                and proof.indexprs is null
                and not exists (
                    select from stale_collations
                    where stale_collations.oid = any(proof.indcollation)
                )
        ),
        array(
            select attribute.attname::text
            from unnest((
                select (index.indkey::int2[])[0:index.indnkeyatts - 1]
                from pg_catalog.pg_index as index
                where index.indrelid = relation.oid
                    and index.indisunique
                    and index.indisvalid
                    and index.indpred is null
                    and index.indexprs is null
                    and (
                        (to_jsonb(index) ->> 'indnullsnotdistinct')::boolean
                        or not exists (
                            select from pg_catalog.pg_attribute as attribute
                            where attribute.attrelid = relation.oid
                                and attribute.attnum = any(
                                    (index.indkey::int2[])[0:index.indnkeyatts - 1]
                                )
                                and not attribute.attnotnull
                        )
                    )
                order by index.indnkeyatts, index.indexrelid
                limit 1
            )) with ordinality as part (number, position)
            join pg_catalog.pg_attribute as attribute
                on attribute.attrelid = relation.oid and attribute.attnum = part.number
            order by part.position
        )
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = any(%s)
        and relation.relkind in ('r', 'p')
        and relation.relispartition = %s
        and relation.relpersistence <> 't'
        and not exists (
            select from pg_catalog.pg_depend as membership
            where membership.classid = 'pg_catalog.pg_class'::regclass
                and membership.objid = relation.oid
                and membership.deptype = 'e'
        )
    order by 1, 2
"""

# Each partition that has rows, with what it is a partition of, itself included; the root is none.
_LINEAGE = """
    with recursive lineage as (
        select relation.oid as leaf, relation.oid as relation
        from pg_catalog.pg_class as relation
        where relation.relispartition and relation.relkind <> 'p'

        union all

        select lineage.leaf, inheritance.inhparent
        from lineage
        join pg_catalog.pg_inherits as inheritance on inheritance.inhrelid = lineage.relation
    )
    select lineage.leaf, namespace.nspname, relation.relname, not relation.relispartition
    from lineage
    join pg_catalog.pg_class as relation on relation.oid = lineage.relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where namespace.nspname = any(%s) and relation.relkind in ('r', 'p')
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
        and child.relispartition = %s
        and child_schema.nspname = any(%s)
        and (parent_schema.nspname = any(%s)) <> %s
    order by 1, 2, key.conname
"""


@dataclass(frozen=True)
class CatalogTable:
    """A table as the catalog has it.

    Attributes:
        name: its label.
        types: of its columns, by name.
        not_null: the columns that cannot be null.
        primary_key: the columns of that key; none if it has none.
        unique: the columns of each unique index that is valid, current and of all rows.
        unique_key: the shortest that a unique index holds over all of its rows; may be none.
        collations: of the columns whose type has one, as SQL writes it.
        equalities: of the columns whose type is not Postgres' own, the operator, as SQL writes it.
        is_partitioned: it has no rows but those of its partitions.
        has_heirs: other tables inherit from it, whose rows are read with its own.
    """

    name: str
    types: Mapping[str, str]
    not_null: frozenset[str]
    primary_key: tuple[str, ...]
    unique: tuple[frozenset[str], ...] = ()
    unique_key: tuple[str, ...] = ()
    collations: Mapping[str, str] = field(default_factory=dict)
    equalities: Mapping[str, str] = field(default_factory=dict)
    is_partitioned: bool = False
    has_heirs: bool = False

    @property
    def key(self) -> str | tuple[str, ...]:
        """What a contract calls its key: the primary one, else one that stays, else the place."""
        columns = self.primary_key or self.unique_key or (ROW_PLACE,)
        return columns[0] if len(columns) == 1 else columns

    def is_unique(self, columns: Collection[str]) -> bool:
        """Whether an index proves that no two rows of its own agree on them, nulls aside."""
        return any(proof <= set(columns) for proof in self.unique)


@dataclass(frozen=True)
class CatalogForeignKey:
    """A foreign key: the columns of both sides, in step.

    It has no rule if no constraint of the table itself says so: it is guessed, or each
    partition has one of its own.
    """

    child: str
    parent: str
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    delete_rule: DeleteRule | None


@dataclass(frozen=True)
class Catalog:
    """The tables of the contract's schemas, and the foreign keys between them, by label.

    `partitions` are the tables that hold their rows in part, and `partition_keys` the foreign
    keys that hold for some of a table's rows alone: each with its root, its child a partition.
    `own_keys` are all that stand on a partition, and not on its root.
    """

    tables: Mapping[str, CatalogTable]
    foreign_keys: tuple[CatalogForeignKey, ...]
    partitions: Mapping[str, CatalogTable] = field(default_factory=dict)
    partition_keys: tuple[tuple[str, CatalogForeignKey], ...] = ()
    own_keys: tuple[CatalogForeignKey, ...] = ()

    @classmethod
    def read(cls, connection: Connection, schemas: Iterable[str]) -> "Catalog":
        """The catalog, in one query each."""
        names = list(schemas)
        with connection.cursor() as cursor:
            tables = _tables(cursor, names, partitions=False)
            foreign_keys = _foreign_keys(cursor, names, partitions=False)
            own_keys = _foreign_keys(cursor, names, partitions=True)
            if not own_keys:
                return cls(tables, tuple(foreign_keys))
            of_all, of_some = _by_root(own_keys, _lineage(cursor, names))
            partitions = _tables(cursor, names, partitions=True)
        of_tables = (*foreign_keys, *of_all)
        return cls(tables, of_tables, partitions, tuple(of_some), tuple(own_keys))

    def of_bases(self, bases: Mapping[str, str]) -> "Catalog":
        """The catalog with the type below it in place of each domain that is named."""
        tables = {
            name: replace(
                table, types={column: bases.get(of, of) for column, of in table.types.items()}
            )
            for name, table in self.tables.items()
        }
        return replace(self, tables=tables)

    def without(self, names: Collection[str]) -> "Catalog":
        """The catalog without those tables, and the foreign keys from them and to them."""
        if not names:
            return self

        def stays(key: CatalogForeignKey) -> bool:
            return key.child not in names and key.parent not in names

        return replace(
            self,
            tables={name: table for name, table in self.tables.items() if name not in names},
            foreign_keys=tuple(filter(stays, self.foreign_keys)),
            partition_keys=tuple(
                (root, key) for root, key in self.partition_keys if root not in names and stays(key)
            ),
            own_keys=tuple(filter(stays, self.own_keys)),
        )


def _tables(cursor: Cursor, names: list[str], *, partitions: bool) -> dict[str, CatalogTable]:
    cursor.execute(_TABLES, (names, partitions))
    tables = (
        CatalogTable(
            name=label(schema, relation, names),
            types={column["name"]: column["type"] for column in columns or ()},
            not_null=frozenset(c["name"] for c in columns or () if c["not_null"]),
            primary_key=tuple(key),
            unique=tuple(map(frozenset, unique or ())),
            unique_key=tuple(unique_key),
            collations={c["name"]: c["collation"] for c in columns or () if c["collation"]},
            equalities={c["name"]: c["equality"] for c in columns or () if c["equality"]},
            is_partitioned=is_partitioned,
            has_heirs=has_heirs,
        )
        for (
            schema,
            relation,
            is_partitioned,
            has_heirs,
            columns,
            key,
            unique,
            unique_key,
        ) in cursor
    )
    return {table.name: table for table in tables}


def outward_keys(connection: Connection, schemas: Iterable[str]) -> list[CatalogForeignKey]:
    """The foreign keys of tables of the schemas that lead out of them."""
    with connection.cursor() as cursor:
        return _foreign_keys(cursor, list(schemas), partitions=False, outward=True)


def _foreign_keys(
    cursor: Cursor, names: list[str], *, partitions: bool, outward: bool = False
) -> list[CatalogForeignKey]:
    cursor.execute(_FOREIGN_KEYS, (partitions, names, names, outward))
    return [
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
    ]


@dataclass(frozen=True)
class _Lineage:
    """Of each partitioned table or partition the partitions with its rows, and its root."""

    leaves: Mapping[str, set[int]]
    roots: Mapping[str, str]


def _lineage(cursor: Cursor, names: list[str]) -> _Lineage:
    cursor.execute(_LINEAGE, (names,))
    leaves: dict[str, set[int]] = {}
    root_of: dict[int, str] = {}
    for leaf, schema, relation, is_root in cursor:
        name = label(schema, relation, names)
        leaves.setdefault(name, set()).add(leaf)
        if is_root:
            root_of[leaf] = name
    roots = {
        name: root_of[leaf]
        for name, of_name in leaves.items()
        for leaf in of_name
        if leaf in root_of
    }
    return _Lineage(leaves, roots)


def _by_root(
    own_keys: Iterable[CatalogForeignKey], lineage: _Lineage
) -> tuple[list[CatalogForeignKey], list[tuple[str, CatalogForeignKey]]]:
    """The keys that all partitions of a table have, as the table's; and those of some alone."""
    alike: dict[CatalogForeignKey, list[CatalogForeignKey]] = {}
    for key in own_keys:
        if key.child in lineage.roots:
            of_root = replace(key, child=lineage.roots[key.child], delete_rule=None)
            alike.setdefault(of_root, []).append(key)
    of_all, of_some = [], []
    for of_root, keys in alike.items():
        covered = set().union(*(lineage.leaves[key.child] for key in keys))
        if covered == lineage.leaves[of_root.child]:
            of_all.append(of_root)
        else:
            of_some += [(of_root.child, key) for key in keys]
    return of_all, of_some


@dataclass(frozen=True)
class Facts:
    """What decides how a contract's rules are judged, and is not for the contract to say.

    Nor does it make it another contract.

    Attributes:
        tables: the catalog's, by label; None if it was not asked, and the contract is believed.
        unjudged: of the rules that Postgres cannot plan, by list and name, why.
        missing: the contract's tables that do not exist: they are read as empty ones.
        ledgers: the contract's, as the SQL that views are made of (`compile_ledgers`).
        numbered: the sequences that number rows of its tables.
        looked_up: by list and name of a rule, the other tables that its SQL reads; of a table
            whose rows may be deleted, by `tables` and its name.
    """

    tables: Mapping[str, CatalogTable] | None = field(default=None, compare=False)
    unjudged: Mapping[tuple[str, str], str] = field(default_factory=dict, compare=False)
    missing: frozenset[str] = field(default=frozenset(), compare=False)
    ledgers: Mapping[str, Any] = field(default_factory=dict, compare=False)
    numbered: tuple[NumberedColumns, ...] = field(default=(), compare=False)
    looked_up: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict, compare=False)
