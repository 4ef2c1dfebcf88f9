{{ config(enabled=contract_declares('schema')) }}

-- A partition is reported at its root, and what an extension brought not at all.
with

relations as (
    select * from pg_catalog.pg_class
),

namespaces as (
    select * from pg_catalog.pg_namespace
),

final as (
    select
        relations.oid as table_oid,
        namespaces.nspname::text as schema_name,
        relations.relname::text as relation_name,
        relations.relkind::text as relation_kind,
        relations.relowner as owner_oid,
        relations.relrowsecurity as has_row_security,
        relations.relforcerowsecurity as is_row_security_forced,
        {{ is_tenant_schema('namespaces.nspname') }} as is_of_tenant_schema,
        {{ relation_label('namespaces.nspname', 'relations.relname') }} as table_name
    from relations
    inner join namespaces on relations.relnamespace = namespaces.oid
    where
        relations.relkind in ('r', 'p', 'f')
        and not relations.relispartition
        and relations.relpersistence <> 't'
        and {{ is_in_schemas('namespaces.nspname') }}
        and not {{ is_extension_owned('pg_class', 'relations.oid') }}
)

select * from final
