{{ config(enabled=contract_declares('migrations')) }}

with

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

-- Revisions have a check of their own.
versioned as (
    select files.*
    from files
    inner join trees on files.tree = trees.tree
    where
        files.direction = 'forward'
        and files.version is not null
        and trees.layout <> 'alembic'
),

final as (
    select
        tree,
        version,
        min(file) as file,
        1::bigint as line,
        count(*) as file_count,
        string_agg(file, ', ' order by file) as files
    from versioned
    group by tree, version
    having count(*) > 1
)

select * from final
