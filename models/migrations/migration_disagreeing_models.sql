{{ config(enabled=contract_declares('migrations')) }}

with

models as (
    select * from {{ ref('migration_models') }}
),

final as (
    select
        tree,
        table_name,
        file,
        line,
        named_by,
        explanation
    from models
    where not is_unknown
)

select * from final
