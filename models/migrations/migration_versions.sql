{{ config(enabled=contract_declares('migrations')) }}

with recursive

recorded as (
    select * from {{ ref('migration_applied_versions') }}
),

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

parents as (
    select * from {{ source('migration_facts', 'migration_parents') }}
),

histories as (
    {% for tree, declared in (var('contract').get('migrations') or {}).items()
        if declared.get('history') %}
    select {{ text_literal(tree) }} as tree
    union all
    {% endfor %}
    select null::text as tree
    where false
),

-- Alembic records its heads alone: what they stand on is applied too.
applied_revisions (tree, version) as (
    select
        tree,
        version
    from recorded
    where record_format = 'alembic'
    union
    select
        applied_revisions.tree,
        parents.parent
    from applied_revisions
    inner join parents
        on
            applied_revisions.tree = parents.tree
            and applied_revisions.version = parents.revision
),

-- One row that names the latest version stands for all before it.
applied_up_to as (
    select
        files.tree,
        earlier.recorded_as as version
    from recorded
    inner join files
        on
            recorded.tree = files.tree
            and recorded.version = files.recorded_as
            and files.direction = 'forward'
    inner join files as earlier
        on
            files.tree = earlier.tree
            and earlier.direction = 'forward'
            and files.position >= earlier.position
    where recorded.record_format = 'latest'
),

applied as (
    select
        tree,
        version,
        null::text as checksum
    from applied_revisions
    union
    select
        tree,
        version,
        null::text as checksum
    from applied_up_to
    union
    select
        tree,
        version,
        checksum
    from recorded
    where record_format <> 'alembic' and version is not null
),

present as (
    select
        files.tree,
        files.recorded_as as version,
        min(files.file) as file,
        min(files.position) as position,
        bool_or(files.is_old) as is_old,
        array_agg(
            case trees.layout
                when 'flyway' then files.crc32::text
                when 'drizzle' then files.sha256
            end
        ) as checksums
    from files
    inner join trees on files.tree = trees.tree
    where files.direction = 'forward' and files.recorded_as is not null
    group by files.tree, files.recorded_as
),

compared as (
    select
        coalesce(applied.tree, present.tree) as tree,
        coalesce(applied.version, present.version) as version,
        present.file,
        present.position,
        applied.version is not null as is_applied,
        case
            when present.version is null then 'is applied, and its file is gone'
            when applied.version is null and not present.is_old
                then 'is not applied'
            when applied.checksum <> all(present.checksums)
                then 'was changed after it was applied'
        end as fault
    from applied
    full join present
        on applied.tree = present.tree and applied.version = present.version
),

final as (
    select
        compared.tree,
        compared.version,
        compared.file,
        compared.position,
        case when histories.tree is not null then bool_or(compared.is_applied) end
            as is_applied,
        case when histories.tree is not null then min(compared.fault) end as fault
    from compared
    left join histories on compared.tree = histories.tree
    group by
        compared.tree,
        compared.version,
        compared.file,
        compared.position,
        histories.tree
)

select * from final
