{{ config(enabled=contract_declares('migrations')) }}

with

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

versions as (
    select * from {{ ref('migration_versions') }}
),

refusals as (
    select * from {{ ref('migration_refusals') }}
    where direction = 'forward' and severity = 'critical' and not is_unknown
),

file_counts as (
    select
        tree,
        count(*) as file_count
    from files
    group by tree
),

-- What Alembic calls its heads; of the other layouts, the version that comes last.
heads as (
    select
        tree,
        revision as head
    from {{ ref('migration_heads') }}

    union

    select
        latest.tree,
        latest.version as head
    from (
        select distinct on (files.tree)
            files.tree,
            files.version
        from files
        where files.direction = 'forward' and files.position is not null
        order by files.tree asc, files.position desc
    ) as latest
    inner join trees on latest.tree = trees.tree
    where trees.layout <> 'alembic'
),

listed_heads as (
    select
        tree,
        count(*) as head_count,
        (array_agg(head order by head))[:5] as first_heads
    from heads
    group by tree
),

version_counts as (
    select
        tree,
        count(*) filter (where is_applied) as applied_count,
        count(*) filter (where fault = 'is not applied') as pending_count,
        bool_or(is_applied is not null) as is_known
    from versions
    group by tree
),

stops as (
    select
        refusals.tree,
        refusals.number,
        refusals.refused_for,
        refusals.says as reason,
        refusals.file || ':' || refusals.line as place,
        coalesce(versions.fault = 'is not applied', false) as is_pending
    from refusals
    left join files
        on
            refusals.tree = files.tree
            and refusals.file = files.file
            and files.direction = 'forward'
    left join versions
        on files.tree = versions.tree and files.recorded_as = versions.version
),

first_stops as (
    select distinct on (tree) *
    from stops
    order by tree, number
),

next_stops as (
    select distinct on (tree) *
    from stops
    where is_pending
    order by tree, number
),

final as (
    select
        trees.tree,
        trees.layout,
        trees.folder,
        coalesce(file_counts.file_count, 0) as file_count,
        coalesce(listed_heads.head_count, 0) as head_count,
        concat_ws(
            ', ',
            array_to_string(listed_heads.first_heads, ', '),
            case
                when listed_heads.head_count > 5
                    then format('and %s more', listed_heads.head_count - 5)
            end
        ) as heads,
        case when version_counts.is_known then version_counts.applied_count end
            as applied_count,
        case when version_counts.is_known then version_counts.pending_count end
            as pending_count,
        first_stops.place as first_stop_at,
        first_stops.reason as first_stop_reason,
        first_stops.refused_for as first_stop_for,
        next_stops.place as next_stop_at,
        next_stops.reason as next_stop_reason,
        next_stops.refused_for as next_stop_for
    from trees
    left join file_counts on trees.tree = file_counts.tree
    left join listed_heads on trees.tree = listed_heads.tree
    left join version_counts on trees.tree = version_counts.tree
    left join first_stops on trees.tree = first_stops.tree
    left join next_stops on trees.tree = next_stops.tree
)

select * from final
