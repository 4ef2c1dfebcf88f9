{{ config(enabled=contract_declares('schema')) }}

-- The foreign keys that Postgres finds the children of by an index: a valid btree whose
-- first key columns are the key's, in any order, over all rows or all that reference.
with

foreign_keys as materialized (
    select * from {{ ref('catalog_foreign_keys') }}
),

indexes as materialized (
    select *
    from {{ ref('catalog_indexes') }}
    where method = 'btree' and is_valid
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
