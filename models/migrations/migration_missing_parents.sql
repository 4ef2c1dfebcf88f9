{{ config(enabled=contract_declares('migrations')) }}

with

parents as (
    select * from {{ source('migration_facts', 'migration_parents') }}
),

revisions as (
    select * from {{ source('migration_facts', 'migration_revisions') }}
),

-- What a revision waits for (depends_on) may be a branch's label instead.
final as (
    select
        parents.tree,
        parents.revision,
        parents.parent,
        parents.file,
        parents.line
    from parents
    left join revisions
        on parents.tree = revisions.tree and parents.parent = revisions.revision
    where revisions.revision is null and not parents.is_dependency
)

select * from final
