{{ config(enabled=contract_declares('migrations')) }}

with

events as (
    select * from {{ ref('migration_relation_events') }}
),

unknowns as (
    select * from {{ source('migration_facts', 'migration_unknowns') }}
),

with_previous as (
    select
        *,
        lag(appears) over by_relation as was_there,
        lag(position) over by_relation as previous_position,
        lag(columns) over by_relation as previous_columns,
        lag(file || ':' || line) over by_relation as first_created_at
    from events
    window by_relation as (
        partition by tree, schema_name, relation_name
        order by position
    )
),

final as (
    select
        tree,
        schema_name || '.' || relation_name as table_name,
        file,
        line,
        first_created_at,
        is_conditional,
        (columns is not distinct from previous_columns) as has_same_columns,
        case
            when is_conditional and columns is not distinct from previous_columns
                then 'warning'
            else 'critical'
        end as severity,
        exists (
            select true
            from unknowns
            where
                unknowns.tree = with_previous.tree
                and unknowns.position between with_previous.previous_position
                and with_previous.position
                and (
                    with_previous.schema_name || '.' || with_previous.relation_name
                ) like unknowns.removes
        ) as is_unknown
    from with_previous
    where appears and was_there and kind = 'table'
)

select * from final
