"""Tables that were rewritten under an audit: what its instant can no longer see of them."""

from collections.abc import Collection

import sqlalchemy as sa

from counterfoil.common.errors import SnapshotError

# pg_class is read as of the snapshot, pg_relation_filenode() as of now: where they differ,
# the table has had new storage since. Partitions have theirs each.
_REWRITTEN = sa.text("""
    with recursive tables as (
        select relation.oid
        from pg_catalog.pg_class as relation
        join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
        where (namespace.nspname, relation.relname) in (
            select * from unnest(cast(:schemas as text[]), cast(:tables as text[]))
        )
        union
        select child.inhrelid
        from pg_catalog.pg_inherits as child
        join tables on tables.oid = child.inhparent
    )
    select pg_catalog.format('%I.%I', namespace.nspname, relation.relname)
    from tables
    join pg_catalog.pg_class as relation on relation.oid = tables.oid
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind = 'r'
        and relation.relfilenode <> pg_catalog.pg_relation_filenode(relation.oid)
    order by 1
""")


def check_not_rewritten(connection: sa.Connection, relations: Collection[tuple[str, str]]) -> None:
    """That no table was emptied for the audit's instant while the audit ran.

    To a snapshot from before it, a table reads as empty after a TRUNCATE and reload, and
    after an ALTER that rewrites it. VACUUM FULL and CLUSTER keep the old rows visible.
    https://www.postgresql.org/docs/current/mvcc-caveats.html

    Args:
        connection: one that sees the audit's instant.
        relations: the (schema, relation) of each table that was read.

    Raises:
        SnapshotError: one was; names it.
    """
    rewritten = connection.scalars(
        _REWRITTEN,
        {"schemas": [schema for schema, _ in relations], "tables": [name for _, name in relations]},
    ).all()
    for relation in rewritten:
        has_rows = sa.text(f"select exists (select from {relation})")  # noqa: S608
        if not connection.scalar(has_rows):
            raise SnapshotError(
                f"{relation} was truncated or rewritten while the audit ran",
                remedy="Run the audit again, at a time when no job reloads that table",
            )
