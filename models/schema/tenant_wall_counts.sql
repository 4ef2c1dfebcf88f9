{{ config(enabled=(
    contract_declares('schema', 'tenant')
    or contract_declares('schema', 'structure.row_security.visitors')
)) }}

with

walls as (
    select * from {{ ref('tenant_walls') }}
),

final as (
    select
        count(*) as table_count,
        count(*) filter (where is_held) as held_count
    from walls
)

select * from final
