{{ config(enabled=contract_declares('migrations')) }}

-- Each count, the view that lists what is counted, and which of its rows.
{% set counts = [
    ('doubled_version_count', 'migration_doubled_versions', "true"),
    ('ill_formed_file_count', 'migration_ill_formed_files', "true"),
    ('unparsed_file_count', 'migration_parse_faults', "not is_unknown"),
    ('unread_file_count', 'migration_parse_faults', "is_unknown"),
    ('missing_rollback_count', 'migration_missing_rollbacks', "true"),
    ('head_count', 'migration_heads', "head_count > 1"),
    ('missing_parent_count', 'migration_missing_parents', "true"),
    ('doubled_revision_count', 'migration_doubled_revisions', "true"),
    ('cyclic_revision_count', 'migration_cycles', "true"),
    ('unqualified_name_count', 'migration_unqualified_names', "true"),
    ('disagreeing_model_count', 'migration_models', "not is_unknown"),
    ('unknown_model_count', 'migration_models', "is_unknown"),
    ('disagreeing_column_count', 'migration_model_columns', "not is_unknown"),
    ('unknown_column_count', 'migration_model_columns', "is_unknown"),
    ('refused_statement_count', 'migration_refusals', "refused_for = 'other' and not is_unknown"),
    ('unresolved_reference_count', 'migration_refusals', "refused_for = 'missing table' and not is_unknown"),
    ('recreated_table_count', 'migration_refusals', "refused_for = 'doubled table' and not is_unknown"),
    ('recreated_type_count', 'migration_refusals', "refused_for = 'doubled type' and not is_unknown"),
    ('lint_count', 'migration_lints', "true"),
    ('unknown_statement_count', 'migration_refusals', "is_unknown and not is_accepted"),
] %}

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

revisions as (
    select
        tree,
        count(*) as revision_count
    from {{ source('migration_facts', 'migration_revisions') }}
    group by tree
),

models as (
    select
        tree,
        count(*) as model_count
    from {{ source('migration_facts', 'migration_models') }}
    group by tree
),

model_columns as (
    select
        tree,
        count(column_name) as column_count,
        count(unread) as unread_count
    from {{ source('migration_facts', 'migration_model_columns') }}
    group by tree
),

listed as (
    {% for counted, relation, condition in counts %}
    select
        tree,
        '{{ counted }}' as counted
    from {{ ref(relation) }}
    where {{ condition }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

counted as (
    select
        trees.tree,
        {% for counted, _, _ in counts %}
        count(*) filter (where listed.counted = '{{ counted }}') as {{ counted }},
        {% endfor %}
        count(*) as listed_count
    from trees
    left join listed on trees.tree = listed.tree
    group by trees.tree
),

final as (
    select
        trees.tree,
        trees.layout,
        trees.folder,
        coalesce(files.file_count, 0) as file_count,
        {% for counted, _, _ in counts %}
        counted.{{ counted }},
        {% endfor %}
        coalesce(revisions.revision_count, 0) as revision_count,
        case
            when trees.replayed_from is null then 0
            else coalesce(models.model_count, 0)
        end as model_count,
        case
            when trees.replayed_from is null then 0
            else coalesce(model_columns.column_count, 0)
        end as model_column_count,
        coalesce(model_columns.unread_count, 0) as unread_model_column_count,
        case
            when trees.replayed_from is null then 0
            else coalesce(files.file_count, 0)
        end as replayed_file_count,
        case
            when trees.is_linted then coalesce(files.file_count, 0)
            else 0
        end as linted_file_count
    from trees
    inner join counted on trees.tree = counted.tree
    left join files on trees.tree = files.tree
    left join revisions on trees.tree = revisions.tree
    left join models on trees.tree = models.tree
    left join model_columns on trees.tree = model_columns.tree
)

select * from final
