{{ config(enabled=contract_declares('migrations')) }}

with

lints as (
    select * from {{ source('migration_facts', 'migration_lints') }}
),

final as (
    select
        tree,
        file,
        line,
        rule,
        min(message) as message
    from lints
    group by tree, file, line, rule
)

select * from final
