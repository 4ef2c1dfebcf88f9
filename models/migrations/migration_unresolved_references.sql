{{ config(enabled=contract_declares('migrations')) }}

with

missing as (
    select * from {{ ref('migration_references') }}
),

final as (
    select
        tree,
        file,
        line,
        needed_by,
        named_table,
        meant_table,
        explanation
    from missing
    where not is_unknown
)

select * from final
