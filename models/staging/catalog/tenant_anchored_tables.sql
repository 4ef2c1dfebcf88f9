{{ config(enabled=contract_declares('schema', 'tenant')) }}

-- The tables whose every row has a tenant: by a column of its own that cannot be null, or
-- over foreign keys that cannot be null to a table that has.
with recursive

tables as (
    select * from {{ ref('catalog_tables') }}
),

owned as (
    select * from {{ ref('tenant_owned_tables') }}
),

mandatory_references as materialized (
    select
        foreign_keys.table_oid,
        foreign_keys.parent_oid
    from {{ ref('catalog_foreign_keys') }} as foreign_keys
    inner join {{ ref('catalog_foreign_key_columns') }} as pairs
        on foreign_keys.constraint_oid = pairs.constraint_oid
    group by foreign_keys.constraint_oid, foreign_keys.table_oid, foreign_keys.parent_oid
    having bool_and(pairs.is_not_null)
),

anchored as (
    select table_oid
    from owned
    where is_tenant_not_null

    union

    select table_oid
    from tables
    where table_name = {{ text_literal(contract_part('tenant.table')) }}

    union

    select mandatory_references.table_oid
    from anchored
    inner join mandatory_references
        on anchored.table_oid = mandatory_references.parent_oid
)

select * from anchored
