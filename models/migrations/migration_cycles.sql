{{ config(enabled=contract_declares('migrations')) }}

with recursive

revisions as (
    select * from {{ source('migration_facts', 'migration_revisions') }}
),

-- Only what could not be ordered can lie on a cycle; that is few, or none.
edges as (
    select distinct
        parents.tree,
        parents.revision,
        parents.parent
    from {{ source('migration_facts', 'migration_parents') }} as parents
    inner join revisions
        on
            parents.tree = revisions.tree
            and parents.revision = revisions.revision
            and revisions.position is null
),

reached (tree, revision, ancestor) as (
    select
        tree,
        revision,
        parent
    from edges
    union
    select
        reached.tree,
        reached.revision,
        edges.parent
    from reached
    inner join edges
        on reached.tree = edges.tree and reached.ancestor = edges.revision
),

final as (
    select
        revisions.tree,
        revisions.revision,
        min(revisions.file) as file,
        min(revisions.line) as line
    from reached
    inner join revisions
        on reached.tree = revisions.tree and reached.revision = revisions.revision
    where reached.ancestor = reached.revision
    group by revisions.tree, revisions.revision
)

select * from final
