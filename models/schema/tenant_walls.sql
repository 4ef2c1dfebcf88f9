{{ config(enabled=(
    contract_declares('schema', 'tenant')
    or contract_declares('schema', 'structure.row_security.visitors')
)) }}

with

tables as (
    select * from {{ ref('schema_tables') }}
),

final as (
    select
        tables.table_name,
        tables.module,
        tables.policy_count,
        (
            tables.row_security = 'held' and not tables.is_row_security_incomplete
        ) as is_held,
        case
            when tables.row_security <> 'held' then tables.row_security
            when tables.is_row_security_incomplete and tables.policy_count = 0
                then 'has row security without a policy'
            when tables.is_row_security_incomplete
                then 'has policies, and its row security is off'
            else 'held'
        end as state
    from tables
    where tables.row_security <> 'not required'
)

select * from final
