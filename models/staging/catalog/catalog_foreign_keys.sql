{{ config(enabled=contract_declares('schema')) }}

-- Of partitions those that stand there alone: Postgres copies the root's onto each.
with

tables as (
    select
        storage.table_oid as root_oid,
        tables.schema_name,
        storage.storage_oid as table_oid,
        {{ relation_label('namespaces.nspname', 'relations.relname') }} as table_name
    from {{ ref('catalog_storage') }} as storage
    inner join {{ ref('catalog_tables') }} as tables
        on storage.table_oid = tables.table_oid
    inner join pg_catalog.pg_class as relations on storage.storage_oid = relations.oid
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
),

constraints as (
    select * from pg_catalog.pg_constraint
),

final as (
    select
        constraints.oid as constraint_oid,
        constraints.conname::text as constraint_name,
        tables.table_oid,
        tables.root_oid,
        tables.table_name,
        tables.schema_name,
        constraints.confrelid as parent_oid,
        parent_namespaces.nspname::text as parent_schema_name,
        parents.relname::text as parent_relation_name,
        {{ relation_label('parent_namespaces.nspname', 'parents.relname') }}
            as parent_table_name,
        constraints.conkey as column_numbers,
        constraints.confkey as parent_column_numbers,
        coalesce(
            nullif(constraints.confdelsetcols, '{}'), constraints.conkey
        ) as columns_set_on_delete,
        case constraints.confdeltype
            when 'a' then 'no action'
            when 'r' then 'restrict'
            when 'c' then 'cascade'
            when 'n' then 'set null'
            when 'd' then 'set default'
        end as delete_rule
    from tables
    inner join constraints on tables.table_oid = constraints.conrelid
    inner join pg_catalog.pg_class as parents on constraints.confrelid = parents.oid
    inner join pg_catalog.pg_namespace as parent_namespaces
        on parents.relnamespace = parent_namespaces.oid
    where constraints.contype = 'f' and constraints.conparentid = 0
)

select * from final
