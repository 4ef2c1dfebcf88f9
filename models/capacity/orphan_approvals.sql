{{ config(enabled=contract_declares('capacity')) }}

with

reservation_capacity as (
    select * from {{ ref('reservation_capacity') }}
),

final as (
    select
        tenant_id,
        reservation_id,
        competition_id,
        competition_name,
        studio_id,
        studio_name,
        status,
        spaces_confirmed,
        approved_at,
        is_approved_before_epoch as is_legacy,
        ledger_entry_count
    from reservation_capacity
    where is_approval_missing
)

select * from final
