{{ config(enabled=contract_declares('health')) }}

-- Not those that keep a promise: a constraint's or a unique one is used by being there.
with

indexes as (
    select * from pg_catalog.pg_index
),

statistics as (
    select * from pg_catalog.pg_stat_user_indexes
),

final as (
    select
        {{ relation_label('statistics.schemaname', 'statistics.relname') }}
            as table_name,
        statistics.indexrelname::text as index_name,
        relations.relpages::bigint * current_setting('block_size')::bigint
            as index_bytes,
        databases.stats_reset as counted_since
    from statistics
    inner join indexes on statistics.indexrelid = indexes.indexrelid
    inner join pg_catalog.pg_class as relations
        on statistics.indexrelid = relations.oid
    inner join pg_catalog.pg_stat_database as databases
        on databases.datname = current_database()
    where
        statistics.idx_scan = 0
        and not indexes.indisunique
        and {{ is_in_schemas('statistics.schemaname') }}
)

select * from final
