{{ config(enabled=contract_declares('migrations')) }}

with

names as (
    select * from {{ source('migration_facts', 'migration_unqualified_names') }}
),

final as (
    select distinct
        tree,
        file,
        line,
        table_name
    from names
)

select * from final
