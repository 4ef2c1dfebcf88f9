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

final as (
    select
        ledger.tenant_id,
        ledger.ledger_entry_id,
        ledger.competition_id,
        competitions.competition_name,
        ledger.reservation_id,
        reservations.competition_id as reservation_competition_id,
        ledger.change_tokens,
        ledger.reason,
        ledger.created_at,
        (
            ledger.reservation_id is null
            and coalesce(
                ledger.reason in (
                    {{ capacity_reasons('approval') }},
                    {{ capacity_reasons('refunds') }}
                ),
                false
            )
        ) as is_reservation_unset,
        (
            reservations.reservation_id is not null
            and (ledger.competition_id is distinct from reservations.competition_id)
        ) as is_of_another_competition
    from ledger
    left join competitions on ledger.competition_id = competitions.competition_id
    left join reservations on ledger.reservation_id = reservations.reservation_id
)

select * from final
