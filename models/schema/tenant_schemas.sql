{{ config(enabled=contract_declares('schema', 'schemas')) }}

{% set table = contract_part('schemas.of.table') %}
{% set column = quoted(contract_part('schemas.of.column') or '') %}
with

schemas as (
    select schema_name from {{ ref('catalog_tenant_schemas') }}
),

-- The contract's own schemas may be listed as well: that of what tenants share.
clients as (
    select
        listed.schema_name,
        count(*) as client_count
    from (
        select {{ column }}::text as schema_name
        from {{ application_table(table) if table else '' }}
    ) as listed
    where
        listed.schema_name is null
        or listed.schema_name not in ({{ text_list(var('derived')['schemas']) }})
    group by listed.schema_name
),

final as (
    select
        coalesce(schemas.schema_name, clients.schema_name, 'null') as schema_name,
        coalesce(clients.client_count, 0) as client_count,
        case
            when schemas.schema_name is not null and clients.client_count > 1
                then 'is named by ' || clients.client_count || ' clients'
            when schemas.schema_name is not null and clients.client_count = 1
                then 'as declared'
            when schemas.schema_name is not null then 'is named by no client'
            when clients.schema_name is null
                then 'is what ' || clients.client_count || ' clients name'
            when to_regnamespace(quote_ident(clients.schema_name)) is not null
                then 'is not like those of tenants'
            else 'does not exist'
        end as state,
        (
            schemas.schema_name is not null and clients.client_count is null
        ) as is_without_client,
        (
            schemas.schema_name is null or coalesce(clients.client_count, 0) > 1
        ) as is_without_schema
    from schemas
    full outer join clients on schemas.schema_name = clients.schema_name
)

select * from final
