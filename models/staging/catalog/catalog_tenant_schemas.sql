{{ config(enabled=contract_declares('schema', 'schemas')) }}

with

namespaces as (
    select * from pg_catalog.pg_namespace
),

final as (
    select nspname::text as schema_name
    from namespaces
    where {{ is_tenant_schema('nspname') }}
)

select * from final
