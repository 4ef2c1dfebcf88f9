{{ config(enabled=contract_declares('schema')) }}

-- The foreign keys that Postgres finds the children of by an index: a valid btree whose
-- first key columns are the key's, in any order, over all rows or all that reference.
with

foreign_keys as (
    select * from {{ ref('catalog_foreign_keys') }}
),

indexes as (
    select *
    from {{ ref('catalog_indexes') }}
    where method = 'btree' and is_valid
),

-- What the predicate of an index over all rows that reference is made of.
is_set as (
    select
        constraint_oid,
        string_agg(
            regexp_replace(
                quote_ident(column_name), '([^[:alnum:]_])', '\\\1', 'g'
            ),
            '|'
        ) as column_pattern
    from {{ ref('catalog_foreign_key_columns') }}
    group by constraint_oid
),

final as (
    select distinct foreign_keys.constraint_oid
    from foreign_keys
    inner join is_set on foreign_keys.constraint_oid = is_set.constraint_oid
    inner join indexes on foreign_keys.table_oid = indexes.table_oid
    where
        indexes.key_column_count >= cardinality(foreign_keys.column_numbers)
        -- An int2vector counts from 0, and its slice from 1.
        and (indexes.column_numbers)[0:cardinality(foreign_keys.column_numbers) - 1]
        @> foreign_keys.column_numbers
        and (
            not indexes.is_partial
            or regexp_replace(
                indexes.predicate,
                '\((' || is_set.column_pattern || ') IS NOT NULL\)',
                '',
                'g'
            ) ~ '^[() ]*(AND[() ]*)*$'
        )
)

select * from final
