{{ config(enabled=contract_declares('migrations')) }}

with

creations as (
    select * from {{ ref('migration_table_creations') }}
),

final as (
    select
        tree,
        table_name,
        file,
        line,
        first_created_at,
        severity,
        case
            when severity = 'warning' then 'once more, with the same columns'
            when is_conditional and not has_same_columns
                then 'once more, with other columns that IF NOT EXISTS passes over'
            else 'a second time'
        end as how
    from creations
    where not is_unknown
)

select * from final
