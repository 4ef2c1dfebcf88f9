{{ config(enabled=contract_declares('migrations')) }}

with

statements as (
    select * from {{ source('migration_facts', 'migration_statements') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

final as (
    select
        statements.tree,
        statements.file,
        statements.line,
        statements.object_name as table_name,
        min(coalesce(statements.needed_by, statements.action || ' it')) as used_as
    from statements
    inner join trees on statements.tree = trees.tree
    where
        trees.wants_qualified_names
        and statements.direction = 'forward'
        and statements.kind in ('table', 'view')
        and statements.schema_name is null
    group by
        statements.tree, statements.file, statements.line, statements.object_name
)

select * from final
