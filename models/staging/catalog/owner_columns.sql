{{ config(enabled=contract_declares('schema')) }}

-- The columns that tell a row's owner: the tenant's, and what the contract calls so.
with

columns as (
    select * from {{ ref('catalog_columns') }}
),

{% if contract_part('tenant') %}
tenant_columns as (
    select
        table_oid,
        tenant_column_number as column_number
    from {{ ref('tenant_owned_tables') }}
    where tenant_column is not null

    union

    -- A tenant's own row is told by its key.
    select
        keys.conrelid as table_oid,
        keys.conkey[1] as column_number
    from pg_catalog.pg_constraint as keys
    inner join {{ ref('catalog_tables') }} as tables on keys.conrelid = tables.table_oid
    where
        keys.contype = 'p'
        and tables.table_name = {{ text_literal(contract_part('tenant.table')) }}
),
{% else %}
tenant_columns as (
    select
        null::oid as table_oid,
        null::int2 as column_number
    where false
),
{% endif %}

final as (
    select
        columns.table_oid,
        columns.column_number,
        columns.column_name
    from columns
    left join tenant_columns
        on
            columns.table_oid = tenant_columns.table_oid
            and columns.column_number = tenant_columns.column_number
    where
        tenant_columns.table_oid is not null
        or columns.column_name = any(
            {{ contract_texts('structure.row_security.owner_columns') }}
        )
)

select * from final
