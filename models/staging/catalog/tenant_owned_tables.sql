{{ config(enabled=contract_declares('schema', 'tenant')) }}

-- Every table but the tenants' own and the global ones, and what it calls the tenant.
with

tables as (
    select * from {{ ref('catalog_tables') }}
),

columns as (
    select * from {{ ref('catalog_columns') }}
),

global_tables as (
    select jsonb_array_elements_text(
        {{ contract_json(var('derived')['global_tables']) }}
    ) as table_name
),

overrides as (
    select
        override.key as table_name,
        override.value as column_name
    from jsonb_each_text(
        {{ contract_json(contract_part('tenant.columns') or {}) }}
    ) as override
),

final as (
    select
        tables.table_oid,
        tables.table_name,
        columns.column_number as tenant_column_number,
        columns.column_name as tenant_column,
        coalesce(columns.is_not_null, false) as is_tenant_not_null
    from tables
    left join overrides on tables.table_name = overrides.table_name
    left join columns
        on
            tables.table_oid = columns.table_oid
            and columns.column_name = coalesce(
                overrides.column_name, {{ text_literal(contract_part('tenant.column')) }}
            )
    where
        tables.table_name <> {{ text_literal(contract_part('tenant.table')) }}
        -- Its schema says whose it is.
        and not tables.is_of_tenant_schema
        and not exists (
            select true from global_tables
            where tables.table_name like {{ like_pattern('global_tables.table_name') }}
        )
)

select * from final
