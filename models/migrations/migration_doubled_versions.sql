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
    select
        files.*,
        trees.layout,
        count(*) over doubled as file_count,
        row_number() over (doubled order by files.file) as place
    from files
    inner join trees on files.tree = trees.tree
    where
        files.direction = 'forward'
        and files.version is not null
        -- Prisma knows a migration by its folder's whole name.
        and trees.layout not in ('alembic', 'prisma')
    window doubled as (partition by files.tree, files.version)
),

latest as (
    select
        tree,
        max(version::numeric) as version
    from versioned
    where version ~ '^[0-9]+$'
    group by tree
),

-- The first by name keeps its version, each other one takes the next that is free; only
-- where the version is in the file's name alone, and a shell takes that as it is.
moved as (
    select
        versioned.tree,
        versioned.version,
        versioned.name,
        latest.version + row_number() over (
            partition by versioned.tree order by versioned.version, versioned.file
        ) as new_version
    from versioned
    inner join latest on versioned.tree = latest.tree
    where
        versioned.place > 1
        and versioned.version ~ '^[0-9]+$'
        and versioned.layout not in ('drizzle', 'sqitch', 'atlas', 'diesel')
),

renamed as (
    select
        moved.tree,
        moved.version,
        files.file,
        regexp_replace(
            files.file,
            '(^|/)([VU]?)([0-9]+)([._-][^/]*)$',
            '\1\2' || lpad(
                moved.new_version::text,
                greatest(
                    length(substring(files.file from '(?:^|/)[VU]?([0-9]+)[._-][^/]*$')),
                    length(moved.new_version::text)
                ),
                '0'
            ) || '\4'
        ) as new_file
    from moved
    inner join files
        on
            moved.tree = files.tree
            and moved.version = files.version
            and moved.name = files.name
    where files.file ~ '^[A-Za-z0-9_./+-]*$'
),

fixes as (
    select
        tree,
        version,
        string_agg(
            'git mv ' || file || ' ' || new_file, ' && ' order by new_file
        ) as fix
    from renamed
    where file <> new_file
    group by tree, version
),

final as (
    select
        versioned.tree,
        versioned.version,
        min(versioned.file) as file,
        1::bigint as line,
        count(*) as file_count,
        string_agg(versioned.file, ', ' order by versioned.file) as files,
        min(fixes.fix) as fix
    from versioned
    left join fixes
        on versioned.tree = fixes.tree and versioned.version = fixes.version
    where versioned.file_count > 1
    group by versioned.tree, versioned.version
)

select * from final
