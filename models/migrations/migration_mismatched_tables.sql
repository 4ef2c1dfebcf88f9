{{ config(enabled=contract_declares('migrations')) }}

with

tables as (
    select * from {{ ref('migration_tables') }}
),

final as (
    select
        tree,
        table_name,
        fault
    from tables
    where not is_unknown
)

select * from final
