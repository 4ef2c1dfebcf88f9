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
        lag(column_list) over by_relation as previous_column_list,
        lag(file || ':' || line) over by_relation as first_created_at
    from events
    window by_relation as (
        partition by tree, schema_name, relation_name
        order by position
    )
),

compared as (
    select
        *,
        (column_list is not distinct from previous_column_list) as has_same_columns
    from with_previous
    where appears and was_there and kind = 'table'
),

final as (
    select
        tree,
        schema_name || '.' || relation_name as table_name,
        file,
        line,
        first_created_at,
        is_conditional,
        has_same_columns,
        case
            when is_conditional and has_same_columns then 'warning'
            else 'critical'
        end as severity,
        exists(
            select true
            from unknowns
            where
                unknowns.tree = compared.tree
                and unknowns.position between compared.previous_position
                and compared.position
                and (
                    compared.schema_name || '.' || compared.relation_name
                ) like unknowns.removes
        ) as is_unknown,
        case
            when is_conditional and has_same_columns
                then 'once more, with the same columns'
            when is_conditional
                then 'once more, with other columns that IF NOT EXISTS passes over'
            else 'a second time'
        end as how
    from compared
)

select * from final
