{{ config(enabled=contract_declares('schema', 'structure.triggers')) }}

with

declared as (
    select
        declared.table as table_name,
        declared.name as trigger_name
    from ({{ expected_items('triggers') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, name text)
),

-- A root's trigger fires on its partitions, unless one of them has its copy disabled.
triggers as (
    select
        tables.table_name,
        triggers.tgname::text as trigger_name,
        bool_and(triggers.tgenabled in ('O', 'A')) as is_enabled,
        bool_or(storage.storage_oid = storage.table_oid) as is_on_root
    from {{ ref('catalog_tables') }} as tables
    inner join {{ ref('catalog_storage') }} as storage
        on tables.table_oid = storage.table_oid
    inner join pg_catalog.pg_trigger as triggers
        on storage.storage_oid = triggers.tgrelid
    where not triggers.tgisinternal
    group by tables.table_name, triggers.tgname
),

final as (
    select
        declared.table_name,
        declared.trigger_name,
        case
            when not coalesce(triggers.is_on_root, false) then 'is missing'
            when not triggers.is_enabled then 'is disabled'
            else 'as declared'
        end as state
    from declared
    left join triggers
        on
            declared.table_name = triggers.table_name
            and declared.trigger_name = triggers.trigger_name
)

select * from final
