{{ config(enabled=contract_declares('schema')) }}

-- One row per pair of columns. The parent's is looked up in Postgres' own catalog: it may
-- lie in a schema that the contract is not about. A partition may number its columns as its
-- root does not.
with

foreign_keys as (
    select * from {{ ref('catalog_foreign_keys') }}
),

columns as (
    select * from {{ ref('catalog_columns') }}
),

pairs as (
    select
        foreign_keys.constraint_oid,
        foreign_keys.table_oid,
        foreign_keys.root_oid,
        foreign_keys.parent_oid,
        pair.column_number,
        pair.parent_column_number,
        pair.position_in_key
    from foreign_keys
    cross join lateral unnest(
        foreign_keys.column_numbers, foreign_keys.parent_column_numbers
    ) with ordinality as pair (column_number, parent_column_number, position_in_key)
),

final as (
    select
        pairs.constraint_oid,
        pairs.position_in_key,
        pairs.column_number,
        columns.column_number as root_column_number,
        pairs.parent_column_number,
        columns.column_name,
        parents.attname::text as parent_column_name,
        columns.is_not_null,
        columns.base_type_oid as type_oid,
        coalesce(nullif(parent_types.typbasetype, 0), parent_types.oid)
            as parent_type_oid
    from pairs
    inner join pg_catalog.pg_attribute as children
        on
            pairs.table_oid = children.attrelid
            and pairs.column_number = children.attnum
    inner join columns
        on
            pairs.root_oid = columns.table_oid
            and children.attname::text = columns.column_name
    inner join pg_catalog.pg_attribute as parents
        on
            pairs.parent_oid = parents.attrelid
            and pairs.parent_column_number = parents.attnum
    inner join pg_catalog.pg_type as parent_types
        on parents.atttypid = parent_types.oid
)

select * from final
