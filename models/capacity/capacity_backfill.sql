{{ config(enabled=contract_declares('capacity')) }}

{# In our views a deduction is negative; here it is as the application writes it. #}
{% set capacity = var('contract').get('capacity') or {} %}
{% set sign = '1' if capacity.get('deductions_are') == 'positive' else '-1' %}

with

reservation_capacity as (
    select * from {{ ref('reservation_capacity') }}
),

reservations as (
    select * from {{ ref('stg_reservations') }}
),

missing_approvals as (
    select * from reservation_capacity
    where is_approval_missing
),

final as (
    select
        -- The same entry in every plan, so that it cannot be inserted twice.
        md5(
            'counterfoil.capacity_backfill ' || missing_approvals.reservation_id::text
        )::uuid as ledger_entry_id,
        missing_approvals.tenant_id,
        missing_approvals.competition_id,
        missing_approvals.reservation_id,
        {{ sign }} * missing_approvals.spaces_confirmed as change_amount,
        {{ capacity_reasons('approval') }} as reason,
        missing_approvals.approved_at,
        reservations.approved_by
    from missing_approvals
    inner join reservations
        on missing_approvals.reservation_id = reservations.reservation_id
)

select * from final
