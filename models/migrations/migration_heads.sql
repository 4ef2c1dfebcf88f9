{{ config(enabled=contract_declares('migrations')) }}

with

revisions as (
    select * from {{ source('migration_facts', 'migration_revisions') }}
),

parents as (
    select * from {{ source('migration_facts', 'migration_parents') }}
),

heads as (
    select
        revisions.tree,
        revisions.revision,
        min(revisions.file) as file,
        min(revisions.line) as line,
        -- Each branch that has a label is meant to have a head of its own.
        min(revisions.branch) as branch
    from revisions
    where
        not exists (
            select true
            from parents
            where
                parents.tree = revisions.tree
                and parents.parent = revisions.revision
                and not parents.is_dependency
        )
    group by revisions.tree, revisions.revision
),

counted as (
    select
        *,
        count(*) over (partition by tree, branch) as head_count,
        string_agg(revision, ' ') over (
            partition by tree, branch
            order by revision
            rows between unbounded preceding and unbounded following
        ) as heads
    from heads
),

final as (
    select
        tree,
        revision,
        file,
        line,
        head_count,
        heads,
        'alembic merge -m merge ' || heads as fix
    from counted
)

select * from final
