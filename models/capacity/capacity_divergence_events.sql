{{ config(enabled=contract_declares('capacity')) }}

with

divergence as (
    select * from {{ ref('capacity_divergence') }}
),

ledger as not materialized (
    select * from {{ ref('stg_capacity_ledger') }}
),

reservations as not materialized (
    select * from {{ ref('stg_reservations') }}
),

entries as (
    select
        divergence.tenant_id,
        divergence.competition_id,
        divergence.competition_name,
        ledger.created_at as happened_at,
        'entry' as event_kind,
        ledger.reservation_id,
        ledger.ledger_entry_id,
        ledger.reason,
        ledger.change_tokens::bigint as tokens
    from divergence
    inner join ledger on divergence.competition_id = ledger.competition_id
    where
        ledger.created_at > divergence.agreed_at
        and ledger.created_at <= divergence.diverged_at
),

approvals as (
    select
        divergence.tenant_id,
        divergence.competition_id,
        divergence.competition_name,
        reservations.approved_at as happened_at,
        'approval' as event_kind,
        reservations.reservation_id,
        null::uuid as ledger_entry_id,
        reservations.status as reason,
        -reservations.spaces_confirmed as tokens
    from divergence
    inner join reservations
        on divergence.competition_id = reservations.competition_id
    where
        reservations.approved_at > divergence.agreed_at
        and reservations.approved_at <= divergence.diverged_at
),

final as (
    select * from entries
    union all
    select * from approvals
)

select * from final
