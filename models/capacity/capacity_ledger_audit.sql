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

judged as (
    select
        *,
        coalesce(reason in ({{ capacity_reasons('approval') }}), false) as is_approval,
        coalesce(reason in ({{ capacity_reasons('refunds') }}), false) as is_refund,
        coalesce(
            reason in ({{ capacity_reasons('adjustment') }}), false
        ) as is_adjustment,
        lag(created_at) over (
            partition by reservation_id, reason, change_tokens
            order by created_at, ledger_entry_id
        ) as previous_like_it_at
    from ledger
),

final as (
    select
        judged.tenant_id,
        judged.ledger_entry_id,
        judged.competition_id,
        competitions.competition_name,
        judged.reservation_id,
        reservations.competition_id as reservation_competition_id,
        judged.change_tokens,
        judged.reason,
        judged.created_at,
        judged.previous_like_it_at,
        (
            judged.reservation_id is null and (judged.is_approval or judged.is_refund)
        ) as is_reservation_unset,
        (
            reservations.reservation_id is not null
            and (judged.competition_id is distinct from reservations.competition_id)
        ) as is_of_another_competition,
        coalesce(
            judged.change_tokens = 0
            or (judged.is_approval and judged.change_tokens > 0)
            or (judged.is_refund and judged.change_tokens < 0)
            or not (judged.is_approval or judged.is_refund or judged.is_adjustment),
            true
        ) as is_reason_or_sign_wrong,
        coalesce(
            judged.created_at > {{ as_of() }}
            or judged.created_at < competitions.created_at
            or judged.created_at < reservations.created_at,
            judged.created_at is null
        ) as is_time_implausible,
        coalesce(
            judged.reservation_id is not null
            and (
                judged.created_at = judged.previous_like_it_at
                -- As numbers: at the ends of time an interval cannot be added.
                or extract(epoch from judged.created_at)
                - extract(epoch from judged.previous_like_it_at) <= 5
            ),
            false
        ) as is_rapid_repeat
    from judged
    left join competitions on judged.competition_id = competitions.competition_id
    left join reservations on judged.reservation_id = reservations.reservation_id
)

select * from final
