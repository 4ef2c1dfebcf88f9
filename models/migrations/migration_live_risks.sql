{{ config(enabled=contract_declares('migrations')) }}

with

demands as (
    select * from {{ source('migration_facts', 'migration_demands') }}
),

files as (
    select * from {{ source('migration_facts', 'migration_files') }}
),

versions as (
    select * from {{ ref('migration_versions') }}
),

models as (
    select * from {{ source('migration_facts', 'migration_models') }}
),

-- What is applied has met its rows.
pending as (
    select distinct
        files.tree,
        files.file
    from files
    inner join versions
        on files.tree = versions.tree and files.recorded_as = versions.version
    where files.direction = 'forward' and versions.fault = 'is not applied'
),

judged as (
    select
        demands.tree,
        demands.file,
        demands.line,
        demands.kind,
        demands.schema_name || '.' || demands.table_name as table_name,
        array_to_string(demands.columns, ', ') as column_names,
        demands.kind like 'drop %' as is_drop,
        demands.is_so,
        (
            select min(models.named_by)
            from models
            where
                demands.kind = 'drop table'
                and models.tree = demands.tree
                and models.table_name = demands.table_name
                and coalesce(models.schema_name, demands.schema_name)
                = demands.schema_name
        ) as named_by
    from demands
    inner join pending
        on demands.tree = pending.tree and demands.file = pending.file
    -- Rows that are changed before it may be others by then.
    where
        demands.kind like 'drop %'
        or demands.kind = 'new column'
        or not exists (
            select true
            from pending as changer
            where
                changer.tree = demands.tree
                and changer.file = any(demands.changed_by)
        )
),

final as (
    select
        tree,
        file,
        line,
        kind,
        table_name,
        column_names,
        is_drop,
        is_so is null and named_by is null as is_unknown,
        case kind
            when 'new column'
                then format(
                    'adds %s to %s, NOT NULL without a default, and it has rows',
                    column_names,
                    table_name
                )
            when 'not null'
                then format(
                    'makes %s of %s NOT NULL, and it is null in rows',
                    column_names,
                    table_name
                )
            when 'unique'
                then format(
                    'makes (%s) of %s unique, and rows repeat it',
                    column_names,
                    table_name
                )
            when 'drop column'
                then format('drops %s of %s, which rows hold', column_names, table_name)
            else format(
                'drops %s, which %s',
                table_name,
                concat_ws(
                    ' and ',
                    case when is_so then 'has rows' end,
                    named_by || ' names'
                )
            )
        end as says
    from judged
    where is_so is null or is_so or named_by is not null
)

select * from final
