{{ config(enabled=contract_declares('schema', 'tenant')) }}

-- The tables whose every row has a tenant: by a column of its own that cannot be null, or
-- of which the contract says that it may be, or over foreign keys that cannot be null to a
-- table that has; where the contract says that it reaches one, over any such reference.
with recursive

tables as (
    select * from {{ ref('catalog_tables') }}
),

owned as (
    select * from {{ ref('tenant_owned_tables') }}
),

nullable_columns as (
    select
        declared.item ->> 'table' as table_name,
        declared.item ->> 'column' as column_name
    from
        jsonb_array_elements(
            {{ contract_json(contract_part('structure.columns') or []) }}
        ) as declared (item)
    where declared.item -> 'nullable' = 'true'
),

-- Grouped before they are joined: of so many keys Postgres expects one, and would read the
-- catalog anew for each.
mandatory_keys as materialized (
    select constraint_oid
    from {{ ref('catalog_foreign_key_columns') }}
    group by constraint_oid
    having bool_and(is_not_null)
),

foreign_keys as materialized (
    select * from {{ ref('catalog_foreign_keys') }}
),

mandatory_references as materialized (
    select
        foreign_keys.table_oid,
        foreign_keys.parent_oid
    from foreign_keys
    where
        foreign_keys.constraint_oid in (
            select mandatory_keys.constraint_oid from mandatory_keys
        )
),

-- What the contract says of tables that lack the column, with or without a constraint.
declared_references as (
    select
        children.table_oid,
        parents.table_oid as parent_oid
    from
        jsonb_array_elements(
            {{ contract_json(var('derived').get('ways_to_tenants') or []) }}
        ) as ways (item)
    inner join tables as children on (ways.item ->> 'child') = children.table_name
    inner join tables as parents on (ways.item ->> 'parent') = parents.table_name
    where
        not exists (
            select true
            from jsonb_array_elements_text(ways.item -> 'columns') as named (column_name)
            left join {{ ref('catalog_columns') }} as columns
                on
                    children.table_oid = columns.table_oid
                    and named.column_name = columns.column_name
            where columns.is_not_null is not true
        )
),

all_references as (
    select * from mandatory_references

    union

    select * from declared_references
),

anchored as (
    select table_oid
    from owned
    where
        is_tenant_not_null
        or (table_name, tenant_column) in (
            select
                nullable_columns.table_name,
                nullable_columns.column_name
            from nullable_columns
        )

    union

    select table_oid
    from tables
    where table_name = {{ text_literal(contract_part('tenant.table')) }}

    union

    select all_references.table_oid
    from anchored
    inner join all_references on anchored.table_oid = all_references.parent_oid
)

select * from anchored
