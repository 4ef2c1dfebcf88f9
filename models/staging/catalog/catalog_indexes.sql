{{ config(enabled=contract_declares('schema')) }}

-- Of the tables and of the materialized views; a partition's copy belongs to its root's.
with

relations as (
    select * from pg_catalog.pg_class
),

namespaces as (
    select * from pg_catalog.pg_namespace
),

final as (
    select
        indexes.indexrelid as index_oid,
        indexes.indrelid as table_oid,
        {{ relation_label('namespaces.nspname', 'relations.relname') }} as table_name,
        index_relations.relname::text as index_name,
        namespaces.nspname::text as schema_name,
        methods.amname::text as method,
        indexes.indisunique as is_unique,
        (indexes.indisvalid and indexes.indisready) as is_valid,
        (indexes.indpred is not null) as is_partial,
        (indexes.indexprs is not null) as has_expressions,
        indexes.indnkeyatts as key_column_count,
        indexes.indkey::int2[] as column_numbers,
        -- What each column is ordered by, in their order; included ones have nothing of it.
        array(
            select
                concat_ws(
                    ' ',
                    pg_catalog.pg_get_indexdef(indexes.indexrelid, place.number, false),
                    indexes.indclass[place.number - 1],
                    indexes.indcollation[place.number - 1],
                    indexes.indoption[place.number - 1]
                )
            from generate_series(1, indexes.indnatts) as place (number)
            order by place.number
        ) as columns_ordered,
        indexes.indisreplident as is_replica_identity,
        index_relations.relpages::bigint * current_setting('block_size')::bigint
            as estimated_bytes,
        exists(
            select true from pg_catalog.pg_constraint as backed
            where backed.conindid = indexes.indexrelid and backed.contype in ('p', 'u', 'x')
        ) as backs_constraint,
        pg_catalog.pg_get_expr(indexes.indpred, indexes.indrelid) as predicate,
        concat_ws(
            ' | ',
            methods.amname,
            indexes.indnkeyatts,
            indexes.indkey,
            indexes.indclass,
            indexes.indcollation,
            indexes.indoption,
            coalesce(to_jsonb(indexes) ->> 'indnullsnotdistinct', 'false'),
            coalesce(pg_catalog.pg_get_expr(indexes.indexprs, indexes.indrelid), '-'),
            coalesce(pg_catalog.pg_get_expr(indexes.indpred, indexes.indrelid), '-')
        ) as definition
    from pg_catalog.pg_index as indexes
    inner join relations on indexes.indrelid = relations.oid
    inner join namespaces on relations.relnamespace = namespaces.oid
    inner join relations as index_relations
        on indexes.indexrelid = index_relations.oid
    inner join pg_catalog.pg_am as methods on index_relations.relam = methods.oid
    where
        relations.relkind in ('r', 'p', 'm')
        and not relations.relispartition
        and relations.relpersistence <> 't'
        and {{ is_in_schemas('namespaces.nspname') }}
        and not {{ is_extension_owned('pg_class', 'relations.oid') }}
)

select * from final
