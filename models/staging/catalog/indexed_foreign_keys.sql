{{ config(enabled=contract_declares('schema')) }}

-- The foreign keys that Postgres finds the children of by an index: a valid btree whose
-- first key columns are the key's, in any order, over all rows or all that reference.
with

foreign_keys as materialized (
    select * from {{ ref('catalog_foreign_keys') }}
),

-- Those of partitions too, which may have keys and indexes of their own.
indexes as materialized (
    select
        indexes.indrelid as table_oid,
        indexes.indnkeyatts as key_column_count,
        indexes.indkey::int2[] as column_numbers,
        pg_catalog.pg_get_expr(indexes.indpred, indexes.indrelid) as predicate
    from pg_catalog.pg_index as indexes
    inner join pg_catalog.pg_class as relations on indexes.indexrelid = relations.oid
    inner join pg_catalog.pg_am as methods on relations.relam = methods.oid
    where methods.amname = 'btree' and indexes.indisvalid and indexes.indisready
),

candidates as materialized (
    select
        foreign_keys.constraint_oid,
        indexes.predicate
    from foreign_keys
    inner join indexes on foreign_keys.table_oid = indexes.table_oid
    where
        indexes.key_column_count >= cardinality(foreign_keys.column_numbers)
        -- An int2vector counts from 0.
        and (indexes.column_numbers)[0:cardinality(foreign_keys.column_numbers) - 1]
        @> foreign_keys.column_numbers
),

-- What is left of the predicate without "is not null" of the key's own columns.
partial as (
    select
        candidates.constraint_oid,
        regexp_replace(
            candidates.predicate,
            '\((' || (
                select string_agg({{ regex_literal('pairs.column_name') }}, '|')
                from {{ ref('catalog_foreign_key_columns') }} as pairs
                where candidates.constraint_oid = pairs.constraint_oid
            ) || ') IS NOT NULL\)',
            '',
            'g'
        ) as other_conditions
    from candidates
    where candidates.predicate is not null
),

final as (
    select constraint_oid
    from candidates
    where predicate is null

    union

    select constraint_oid
    from partial
    where other_conditions ~ '^[() ]*(AND[() ]*)*$'
)

select * from final
