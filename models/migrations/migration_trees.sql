{{ config(enabled=contract_declares('migrations')) }}

with

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

files as (
    select
        tree,
        count(*) as file_count
    from {{ source('migration_facts', 'migration_files') }}
    group by tree
),

listed as (
    select
        tree,
        'doubled_version_count' as counted
    from {{ ref('migration_doubled_versions') }}
    union all
    select
        tree,
        'ill_formed_file_count' as counted
    from {{ ref('migration_ill_formed_files') }}
    union all
    select
        tree,
        'unparsed_file_count' as counted
    from {{ ref('migration_parse_faults') }}
    union all
    select
        tree,
        'missing_rollback_count' as counted
    from {{ ref('migration_missing_rollbacks') }}
    union all
    select
        tree,
        'head_count' as counted
    from {{ ref('migration_heads') }}
    union all
    select
        tree,
        'missing_parent_count' as counted
    from {{ ref('migration_missing_parents') }}
    union all
    select
        tree,
        'doubled_revision_count' as counted
    from {{ ref('migration_doubled_revisions') }}
    union all
    select
        tree,
        'cyclic_revision_count' as counted
    from {{ ref('migration_cycles') }}
    union all
    select
        tree,
        'recreated_table_count' as counted
    from {{ ref('migration_table_creations') }}
    where not is_unknown
    union all
    select
        tree,
        'unresolved_reference_count' as counted
    from {{ ref('migration_references') }}
    where not is_unknown
    union all
    select
        tree,
        'recreated_type_count' as counted
    from {{ ref('migration_recreated_types') }}
    union all
    select
        tree,
        'unqualified_name_count' as counted
    from {{ ref('migration_unqualified_names') }}
    union all
    select
        tree,
        'disagreeing_model_count' as counted
    from {{ ref('migration_models') }}
    where not is_unknown
    union all
    select
        tree,
        'unknown_table_count' as counted
    from {{ ref('migration_table_creations') }}
    where is_unknown
    union all
    select
        tree,
        'unknown_reference_count' as counted
    from {{ ref('migration_references') }}
    where is_unknown
    union all
    select
        tree,
        'unknown_model_count' as counted
    from {{ ref('migration_models') }}
    where is_unknown
    union all
    select
        tree,
        'revision_count' as counted
    from {{ source('migration_facts', 'migration_revisions') }}
    union all
    select
        tree,
        'model_count' as counted
    from {{ source('migration_facts', 'migration_models') }}
),

counts as (
    select
        tree,
        counted,
        count(*) as occurrence_count
    from listed
    group by tree, counted
),

final as (
    select
        trees.tree,
        trees.layout,
        trees.folder,
        coalesce(files.file_count, 0) as file_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'doubled_version_count'
            ), 0
        )::bigint as doubled_version_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'ill_formed_file_count'
            ), 0
        )::bigint as ill_formed_file_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unparsed_file_count'
            ), 0
        )::bigint as unparsed_file_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'missing_rollback_count'
            ), 0
        )::bigint as missing_rollback_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'head_count'
            ), 0
        )::bigint as head_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'missing_parent_count'
            ), 0
        )::bigint as missing_parent_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'doubled_revision_count'
            ), 0
        )::bigint as doubled_revision_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'cyclic_revision_count'
            ), 0
        )::bigint as cyclic_revision_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'recreated_table_count'
            ), 0
        )::bigint as recreated_table_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unresolved_reference_count'
            ), 0
        )::bigint as unresolved_reference_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'recreated_type_count'
            ), 0
        )::bigint as recreated_type_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unqualified_name_count'
            ), 0
        )::bigint as unqualified_name_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'disagreeing_model_count'
            ), 0
        )::bigint as disagreeing_model_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unknown_table_count'
            ), 0
        )::bigint as unknown_table_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unknown_reference_count'
            ), 0
        )::bigint as unknown_reference_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'unknown_model_count'
            ), 0
        )::bigint as unknown_model_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'revision_count'
            ), 0
        )::bigint as revision_count,
        coalesce(
            sum(counts.occurrence_count) filter (
                where counts.counted = 'model_count'
            ), 0
        )::bigint as model_count
    from trees
    left join files on trees.tree = files.tree
    left join counts on trees.tree = counts.tree
    group by trees.tree, trees.layout, trees.folder, files.file_count
)

select * from final
