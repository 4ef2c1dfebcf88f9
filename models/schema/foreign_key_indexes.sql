{{ config(enabled=contract_declares('schema')) }}

with

foreign_keys as (
    select * from {{ ref('schema_foreign_keys') }}
),

final as (
    select
        table_name,
        constraint_name,
        column_names,
        estimated_row_count,
        is_indexed,
        case when estimated_row_count >= 10000 then 'warning' else 'info' end as severity
    from foreign_keys
)

select * from final
