"""The sequences that number rows of a contract's tables, where the rows are cheap to ask."""

from collections.abc import Collection
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.contract.clauses import label

# The columns whose numbers come from a sequence: it is theirs, or their default asks it. A
# partition's copy of its root's default is the root's. One that begins anew at its end has no
# order to be behind in.
#
# Asked is only what an index answers, or what is read at once, and no more than the role sees.
_NUMBERED = """
    with numbering as (
        select objid as sequence_oid, refobjid as table_oid, refobjsubid as column_number
        from pg_catalog.pg_depend
        where classid = 'pg_catalog.pg_class'::regclass
            and refclassid = 'pg_catalog.pg_class'::regclass
            and deptype in ('a', 'i')
            and refobjsubid > 0

        union

        select dependencies.refobjid, defaults.adrelid, defaults.adnum
        from pg_catalog.pg_depend as dependencies
        join pg_catalog.pg_attrdef as defaults on defaults.oid = dependencies.objid
        where dependencies.classid = 'pg_catalog.pg_attrdef'::regclass
            and dependencies.refclassid = 'pg_catalog.pg_class'::regclass
    )

    select
        sequence_schema.nspname,
        sequences.relname,
        table_schema.nspname,
        tables.relname,
        columns.attname
    from numbering
    join pg_catalog.pg_class as sequences on sequences.oid = numbering.sequence_oid
    join pg_catalog.pg_namespace as sequence_schema on sequence_schema.oid = sequences.relnamespace
    join pg_catalog.pg_sequence as definitions on definitions.seqrelid = sequences.oid
    join pg_catalog.pg_class as tables on tables.oid = numbering.table_oid
    join pg_catalog.pg_namespace as table_schema on table_schema.oid = tables.relnamespace
    join pg_catalog.pg_attribute as columns
        on columns.attrelid = tables.oid and columns.attnum = numbering.column_number
    join pg_catalog.pg_type as types on types.oid = columns.atttypid
    where table_schema.nspname = any(%s)
        and sequence_schema.nspname = any(%s)
        and tables.relkind in ('r', 'p')
        and not tables.relispartition
        and tables.relpersistence <> 't'
        and not definitions.seqcycle
        and coalesce(nullif(types.typbasetype, 0), types.oid)
            in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        and has_schema_privilege(table_schema.oid, 'usage')
        and has_schema_privilege(sequence_schema.oid, 'usage')
        and case sequences.relkind when 'S' then has_sequence_privilege(sequences.oid, 'select') end
        and has_column_privilege(tables.oid, columns.attnum, 'select')
        and not pg_catalog.row_security_active(tables.oid)
        and (
            exists (
                select from pg_catalog.pg_index as indexes
                join pg_catalog.pg_class as relations on relations.oid = indexes.indexrelid
                join pg_catalog.pg_am as methods on methods.oid = relations.relam
                where indexes.indrelid = tables.oid
                    and methods.amname = 'btree'
                    and indexes.indisvalid
                    and indexes.indpred is null
                    and indexes.indkey[0] = columns.attnum
            )
            or (tables.relkind = 'r' and pg_catalog.pg_relation_size(tables.oid) <= %s)
        )
        and not exists (
            select from pg_catalog.pg_depend as membership
            where membership.classid = 'pg_catalog.pg_class'::regclass
                and membership.objid in (sequences.oid, tables.oid)
                and membership.deptype = 'e'
        )
    order by 1, 2, 4, 5, columns.attnum
"""

# Without an index a table is read whole, up to this size.
_SMALL_BYTES = 8 * 2**20


@dataclass(frozen=True)
class NumberedColumns:
    """A sequence, and its columns by (table, column)."""

    schema: str
    relation: str
    columns: tuple[tuple[str, str], ...]


def read_numbered(
    connection: Connection, schemas: Collection[str], tables: Collection[str]
) -> tuple[NumberedColumns, ...]:
    """The sequences whose place can be held against the rows that they number.

    Args:
        connection: the role's that will read them.
        schemas: the contract's, its own first.
        tables: those of the contract whose rows are read, by label.
    """
    names = list(schemas)
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERED, (names, names, _SMALL_BYTES))
        rows = cursor.fetchall()
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, relation, table_schema, table, column in rows:
        if (name := label(table_schema, table, names)) in tables:
            found.setdefault((schema, relation), []).append((name, column))
    return tuple(NumberedColumns(*key, tuple(columns)) for key, columns in found.items())
