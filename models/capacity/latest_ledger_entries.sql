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

latest as (
    select * from ledger
    order by created_at desc, ledger_entry_id asc
    limit 20
),

final as (
    select
        latest.tenant_id,
        latest.created_at,
        latest.ledger_entry_id,
        latest.competition_id,
        competitions.competition_name,
        latest.reservation_id,
        studios.studio_name,
        latest.change_tokens::bigint as change_tokens,
        latest.reason
    from latest
    left join competitions on latest.competition_id = competitions.competition_id
    left join reservations on latest.reservation_id = reservations.reservation_id
    left join studios on reservations.studio_id = studios.studio_id
)

select * from final
