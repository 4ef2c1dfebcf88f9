{{ config(enabled=contract_declares('migrations')) }}

with

facts as (
    select * from {{ source('migration_facts', 'migration_unknowns') }}
),

final as (
    select
        tree,
        file,
        line,
        reason,
        min(creates) as may_create,
        min(removes) as may_remove
    from facts
    group by tree, file, line, reason
)

select * from final
