"""Whether an index may be out of order: built with another version of its collation.

What the planner reads of such an index is not what is in the table: duplicates lie apart, and
a parent that is there is not found.
"""

from collections.abc import Sequence

import sqlalchemy as sa

_OUTDATED = sa.text("""
    with outdated as (
        select collations.oid
        from pg_catalog.pg_collation as collations
        join pg_catalog.pg_database as databases on databases.datname = current_database()
        cross join lateral (
            select databases.datcollversion,
                pg_catalog.pg_database_collation_actual_version(databases.oid)
            where collations.collprovider = 'd'

            union all

            select collations.collversion, pg_catalog.pg_collation_actual_version(collations.oid)
            where collations.collprovider <> 'd'
        ) as versions (recorded, present)
        where versions.recorded is not null
            and versions.recorded is distinct from versions.present
    )
    select exists (
        select
        from unnest(
            cast(:schemas as text[]), cast(:relations as text[]), cast(:columns as text[])
        ) as compared (schema_name, relation_name, column_name)
        join pg_catalog.pg_namespace as namespace on namespace.nspname = compared.schema_name
        join pg_catalog.pg_class as relation
            on relation.relnamespace = namespace.oid
            and relation.relname = compared.relation_name
        join pg_catalog.pg_attribute as attribute
            on attribute.attrelid = relation.oid and attribute.attname = compared.column_name
        where attribute.attcollation in (select oid from outdated)
            or exists (
                select
                from pg_catalog.pg_index as index
                where index.indrelid = relation.oid
                    and index.indcollation::oid[] && array(select oid from outdated)
            )
    )
""")


def is_outdated(connection: sa.Connection, compared: Sequence[tuple[str, str, str]]) -> bool:
    """Whether one of the columns has a collation, or an index, of another version than now.

    Args:
        connection: one that sees the audit's instant.
        compared: each (schema, relation, column) whose values are compared.
    """
    schemas, relations, columns = zip(*compared, strict=True) if compared else ((), (), ())
    named = {"schemas": [*schemas], "relations": [*relations], "columns": [*columns]}
    return bool(connection.execute(_OUTDATED, named).scalar_one())
