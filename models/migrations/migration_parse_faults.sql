{{ config(enabled=contract_declares('migrations')) }}

with

faults as (
    select * from {{ source('migration_facts', 'migration_parse_faults') }}
),

final as (
    select
        tree,
        file,
        min(line) as line,
        count(*) as fault_count,
        (array_agg(problem order by line, problem))[1] as problem
    from faults
    group by tree, file
)

select * from final
