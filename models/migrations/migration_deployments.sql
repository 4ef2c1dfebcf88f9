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

histories as (
    {% for tree, declared in (var('contract').get('migrations') or {}).items()
        if declared.get('history') %}
    select
        {{ text_literal(tree) }} as tree,
        {{ text_literal(declared['history']['table']) }} as table_name
    union all
    {% endfor %}
    select
        null::text as tree,
        null::text as table_name
    where false
),

version_counts as (
    select
        tree,
        count(*) as mismatch_count
    from {{ ref('migration_history_mismatches') }}
    group by tree
),

table_counts as (
    select
        tree,
        count(*) filter (where not is_unknown) as mismatch_count,
        count(*) filter (where is_unknown) as unknown_count
    from {{ ref('migration_tables') }}
    group by tree
),

risk_counts as (
    select
        tree,
        count(*) filter (where not is_unknown and not is_drop) as failing_count,
        count(*) filter (where not is_unknown and is_drop) as drop_count,
        count(*) filter (where is_unknown) as unknown_count
    from {{ ref('migration_live_risks') }}
    group by tree
),

column_counts as (
    select
        tree,
        count(*) as mismatch_count
    from {{ ref('migration_live_model_columns') }}
    group by tree
),

live_tables as (
    select distinct
        schema_name,
        relation_name
    from {{ ref('migration_live_columns') }}
),

model_columns as (
    select
        model_columns.tree,
        count(*) as column_count
    from {{ source('migration_facts', 'migration_model_columns') }} as model_columns
    inner join trees on model_columns.tree = trees.tree
    inner join live_tables
        on
            coalesce(model_columns.schema_name, trees.default_schema)
            = live_tables.schema_name
            and model_columns.table_name = live_tables.relation_name
    group by model_columns.tree
),

final as (
    select
        trees.tree,
        histories.table_name as history_table,
        coalesce(files.file_count, 0) as file_count,
        coalesce(version_counts.mismatch_count, 0) as mismatched_version_count,
        (histories.tree is null)::integer::bigint as missing_history_count,
        coalesce(table_counts.mismatch_count, 0) as mismatched_table_count,
        coalesce(table_counts.unknown_count, 0) as unknown_table_count,
        coalesce(column_counts.mismatch_count, 0) as mismatched_column_count,
        coalesce(model_columns.column_count, 0) as live_model_column_count,
        coalesce(risk_counts.failing_count, 0) as failing_statement_count,
        coalesce(risk_counts.drop_count, 0) as used_drop_count,
        coalesce(risk_counts.unknown_count, 0)
        + (histories.tree is null)::integer as unknown_risk_count
    from trees
    left join files on trees.tree = files.tree
    left join histories on trees.tree = histories.tree
    left join version_counts on trees.tree = version_counts.tree
    left join table_counts on trees.tree = table_counts.tree
    left join risk_counts on trees.tree = risk_counts.tree
    left join column_counts on trees.tree = column_counts.tree
    left join model_columns on trees.tree = model_columns.tree
)

select * from final
