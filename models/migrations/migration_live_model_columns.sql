{{ config(enabled=contract_declares('migrations')) }}

-- Where the migrations differ from the model in the same way, the model is what is wrong:
-- migration_model_columns has it.
with

faults as (
    select * from {{ ref('migration_column_faults') }}
    where place = 'database'
),

of_migrations as (
    select * from {{ ref('migration_model_columns') }}
    where not is_unknown
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
        faults.severity
    from faults
    left join of_migrations
        on
            faults.tree = of_migrations.tree
            and faults.schema_name || '.' || faults.table_name = of_migrations.table_name
            and faults.column_name = of_migrations.column_name
            and faults.explanation = of_migrations.explanation
    where of_migrations.tree is null
)

select * from final
