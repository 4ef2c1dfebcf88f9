{{ config(enabled=contract_declares('capacity')) }}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

reservations as (
    select * from {{ ref('stg_reservations') }}
),

studios as (
    select * from {{ ref('stg_studios') }}
),

-- Entries of one instant have the same balance: their order is not on record.
running as (
    select
        *,
        sum(change_tokens) over (
            partition by competition_id
            order by created_at
        )::bigint as running_ledger_tokens
    from ledger
),

final as (
    select
        running.tenant_id,
        running.competition_id,
        competitions.competition_name,
        running.created_at,
        running.ledger_entry_id,
        running.reservation_id,
        studios.studio_name,
        running.reason,
        running.change_tokens::bigint as change_tokens,
        running.running_ledger_tokens,
        competitions.total_tokens
        + running.running_ledger_tokens as expected_available_tokens
    from running
    left join competitions on running.competition_id = competitions.competition_id
    left join reservations on running.reservation_id = reservations.reservation_id
    left join studios on reservations.studio_id = studios.studio_id
)

select * from final
