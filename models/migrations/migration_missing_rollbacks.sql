{{ config(enabled=contract_declares('migrations')) }}

with

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

faulty as (
    select distinct
        tree,
        file
    from {{ source('migration_facts', 'migration_parse_faults') }}
),

forward as (
    select
        files.*,
        count(*) over (partition by files.tree, files.version) as file_count
    from files
    inner join trees on files.tree = trees.tree
    where
        files.direction = 'forward'
        and trees.wants_rollbacks
        and not files.is_old
        -- A repeatable migration is applied again, not taken back.
        and not (trees.layout = 'flyway' and files.version is null)
),

paired as (
    select
        forward.tree,
        forward.version,
        forward.file,
        forward.changes_something,
        coalesce(forward.holds_rollback, false)
        or count(rollback.file) > 0 as has_rollback,
        coalesce(forward.holds_rollback and forward.undoes_something, false)
        or coalesce(bool_or(rollback.changes_something), false) as undoes_something,
        count(faulty.file) > 0 as is_faulty
    from forward
    left join files as rollback
        on
            forward.tree = rollback.tree
            and rollback.direction = 'rollback'
            and forward.version = rollback.version
            -- Where a version is double, the names say which belongs to which.
            and (forward.file_count = 1 or forward.name = rollback.name)
    left join faulty
        on
            forward.tree = faulty.tree
            and (forward.file = faulty.file or rollback.file = faulty.file)
    group by
        forward.tree,
        forward.version,
        forward.file,
        forward.changes_something,
        forward.holds_rollback,
        forward.undoes_something
),

final as (
    select
        tree,
        version,
        file,
        1::bigint as line,
        case
            when not has_rollback then 'has no rollback'
            else 'has a rollback that undoes nothing'
        end as fault
    from paired
    where
        not has_rollback
        or (changes_something and not undoes_something and not is_faulty)
)

select * from final
