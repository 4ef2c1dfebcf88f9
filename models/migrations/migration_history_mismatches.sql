{{ config(enabled=contract_declares('migrations')) }}

with

versions as (
    select * from {{ ref('migration_versions') }}
),

final as (
    select
        tree,
        version,
        coalesce(file, 'no file') as file,
        fault
    from versions
    where fault is not null
)

select * from final
