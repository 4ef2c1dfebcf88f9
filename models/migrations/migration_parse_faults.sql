{{ config(enabled=contract_declares('migrations')) }}

with

faults as (
    select * from {{ source('migration_facts', 'migration_parse_faults') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

-- Of what cannot be read, a replay says itself that it could not run it.
final as (
    select
        faults.tree,
        faults.file,
        faults.is_unknown,
        min(faults.line) as line,
        count(*) as fault_count,
        (array_agg(faults.problem order by faults.line, faults.problem))[1] as problem
    from faults
    inner join trees on faults.tree = trees.tree
    where not (faults.is_unknown and trees.replayed_from is not null)
    group by faults.tree, faults.file, faults.is_unknown
)

select * from final
