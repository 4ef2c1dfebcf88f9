{{ config(enabled=contract_declares('migrations')) }}

with

faults as (
    select * from {{ ref('migration_column_faults') }}
),

doubtful as (
    select * from {{ ref('migration_doubtful_names') }}
),

final as (
    select
        faults.tree,
        faults.schema_name || '.' || faults.table_name as table_name,
        faults.column_name,
        faults.file,
        faults.line,
        faults.named_by,
        faults.explanation,
        faults.severity,
        exists(
            select true
            from doubtful
            where
                doubtful.tree = faults.tree
                and doubtful.object_name in (faults.table_name, '%')
        ) as is_unknown
    from faults
    where faults.place = 'migrations'
)

select * from final
