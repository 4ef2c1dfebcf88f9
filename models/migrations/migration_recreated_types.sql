{{ config(enabled=contract_declares('migrations')) }}

with

statements as (
    select * from {{ source('migration_facts', 'migration_statements') }}
),

events as (
    select
        *,
        coalesce(schema_name, search_path[1]) as type_schema
    from statements
    where
        direction = 'forward'
        and kind = 'type'
        and action in ('creates', 'removes')
),

with_previous as (
    select
        *,
        lag(action) over by_type as previous_action,
        lag(file || ':' || line) over by_type as first_created_at
    from events
    window by_type as (
        partition by tree, type_schema, object_name
        order by position
    )
),

-- Guarded by a condition, or by the exception that it raises, it does no harm.
final as (
    select
        tree,
        type_schema || '.' || object_name as type_name,
        file,
        line,
        first_created_at
    from with_previous
    where
        action = 'creates'
        and previous_action = 'creates'
        and not is_conditional
)

select * from final
