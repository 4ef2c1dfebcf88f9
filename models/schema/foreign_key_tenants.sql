{{ config(enabled=contract_declares('schema', 'tenant')) }}

with

foreign_keys as (
    select * from {{ ref('schema_foreign_keys') }}
),

final as (
    select
        table_name,
        constraint_name,
        column_names,
        parent_table_name,
        is_tenant_left_out,
        {{ "'warning'" if contract_part('structure.tenant_in_keys') else "'info'" }}
            as severity
    from foreign_keys
)

select * from final
