{{ config(
    enabled=contract_declares('migrations'), schema='counterfoil_staging'
) }}

with

refused as (
    select * from {{ source('migration_facts', 'migration_refused') }}
),

final as (
    select distinct
        refused.tree,
        touched.object_name
    from refused
    cross join lateral unnest(refused.touches) as touched (object_name)
    where refused.direction = 'forward'
)

select * from final
