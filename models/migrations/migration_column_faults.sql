{{ config(
    enabled=contract_declares('migrations'), schema='counterfoil_staging'
) }}

-- What a model leaves open, and what the other side cannot say, is null, and no fault.
with

trees as (
    select * from {{ source('migration_facts', 'migration_trees') }}
),

models as (
    select
        model_columns.tree,
        model_columns.file,
        model_columns.line,
        coalesce(model_columns.schema_name, trees.default_schema) as schema_name,
        model_columns.table_name,
        model_columns.column_name,
        model_columns.is_nullable,
        model_columns.type_name,
        model_columns.labels,
        model_columns.named_by
    from {{ source('migration_facts', 'migration_model_columns') }} as model_columns
    inner join trees on model_columns.tree = trees.tree
    where model_columns.column_name is not null
),

made_columns as (
    select * from {{ source('migration_facts', 'migration_made_columns') }}
),

live_columns as (
    select * from {{ ref('migration_live_columns') }}
),

standing as (
    select
        'migrations' as place,
        tree,
        schema_name,
        relation_name,
        column_name,
        type_name,
        is_nullable,
        labels
    from made_columns

    union all

    select
        'database' as place,
        trees.tree,
        live_columns.schema_name,
        live_columns.relation_name,
        live_columns.column_name,
        live_columns.type_name,
        live_columns.is_nullable,
        live_columns.labels
    from live_columns
    cross join trees
    where
        (trees.tree, live_columns.schema_name, live_columns.relation_name) in (
            select
                models.tree,
                models.schema_name,
                models.table_name
            from models
        )
),

relations as (
    select distinct
        place,
        tree,
        schema_name,
        relation_name
    from standing
),

compared as (
    select
        models.tree,
        models.file,
        models.line,
        models.schema_name,
        models.table_name,
        models.column_name,
        models.named_by,
        relations.place,
        standing.column_name is null as is_missing,
        case
            when models.is_nullable and not standing.is_nullable
                then 'the model has it nullable, and it is NOT NULL'
            when not models.is_nullable and standing.is_nullable
                then 'the model has it NOT NULL, and it is nullable'
        end as of_nulls,
        case
            when models.labels is not null and standing.labels is null
                then format('the model has an enum, and it is %s', standing.type_name)
            when models.type_name <> standing.type_name
                then format(
                    'the model has it %s, and it is %s',
                    models.type_name,
                    standing.type_name
                )
        end as of_types,
        (
            select string_agg(quote_literal(own.enum_value), ', ')
            from unnest(models.labels) as own (enum_value)
            where own.enum_value <> all(standing.labels)
        ) as lacking_labels,
        (
            select string_agg(quote_literal(own.enum_value), ', ')
            from unnest(standing.labels) as own (enum_value)
            where own.enum_value <> all(models.labels)
        ) as further_labels
    from models
    inner join relations
        on
            models.tree = relations.tree
            and models.schema_name = relations.schema_name
            and models.table_name = relations.relation_name
    left join standing
        on
            relations.place = standing.place
            and models.tree = standing.tree
            and models.schema_name = standing.schema_name
            and models.table_name = standing.relation_name
            and models.column_name = standing.column_name
),

faults as (
    select
        *,
        case
            when is_missing then 'there is no such column'
            else nullif(
                concat_ws(
                    '; ',
                    of_nulls,
                    of_types,
                    'values that only the model has: ' || lacking_labels,
                    'values that the model lacks: ' || further_labels
                ),
                ''
            )
        end as explanation
    from compared
),

final as (
    select distinct on (place, tree, schema_name, table_name, column_name)
        place,
        tree,
        schema_name,
        table_name,
        column_name,
        file,
        line,
        named_by,
        explanation,
        case
            when is_missing or lacking_labels is not null then 'critical' else 'warning'
        end as severity
    from faults
    where explanation is not null
    order by place, tree, schema_name, table_name, column_name, file, line
)

select * from final
