{{ config(enabled=contract_declares('capacity')) }}

with

-- Not materialized though used more than once: it is the largest table there is.
ledger as not materialized (
    select * from {{ ref('stg_capacity_ledger') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

reservations as (
    select * from {{ ref('stg_reservations') }}
),

-- Few entries are like another one: only those are put in order.
repeated_amounts as (
    select
        reservation_id,
        change_tokens
    from ledger
    where reservation_id is not null
    group by reservation_id, change_tokens
    having count(*) > 1
),

repeated_entries as (
    select
        ledger.ledger_entry_id,
        lag(ledger.created_at) over (
            partition by ledger.reservation_id, ledger.reason, ledger.change_tokens
            order by ledger.created_at asc, ledger.ledger_entry_id asc
        ) as previous_like_it_at
    from repeated_amounts
    inner join ledger
        on
            repeated_amounts.reservation_id = ledger.reservation_id
            and repeated_amounts.change_tokens = ledger.change_tokens
    where ledger.reason is not null
),

-- Grouped though an entry is in it once: Postgres then knows that, and whoever asks for
-- none of its columns (a count) is spared all of it.
repeats as (
    select
        ledger_entry_id,
        min(previous_like_it_at) as previous_like_it_at
    from repeated_entries
    group by ledger_entry_id
),

judged as (
    select
        *,
        coalesce(reason in ({{ capacity_reasons('approval') }}), false) as is_approval,
        coalesce(reason in ({{ capacity_reasons('refunds') }}), false) as is_refund,
        coalesce(
            reason in ({{ capacity_reasons('adjustment') }}), false
        ) as is_adjustment
    from ledger
),

flagged as (
    select
        judged.tenant_id,
        judged.ledger_entry_id,
        judged.competition_id,
        competitions.competition_name,
        judged.reservation_id,
        reservations.competition_id as reservation_competition_id,
        judged.change_tokens::bigint as change_tokens,
        judged.reason,
        judged.created_at,
        repeats.previous_like_it_at,
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
            repeats.previous_like_it_at is not null
            and (
                judged.created_at = repeats.previous_like_it_at
                -- As numbers: at the ends of time an interval cannot be added.
                or extract(epoch from judged.created_at)
                - extract(epoch from repeats.previous_like_it_at) <= 5
            ),
            false
        ) as is_rapid_repeat
    from judged
    left join competitions on judged.competition_id = competitions.competition_id
    left join reservations on judged.reservation_id = reservations.reservation_id
    left join repeats on judged.ledger_entry_id = repeats.ledger_entry_id
),

-- How much each fault comes to, as the entry moved the balance. One without it has none.
final as (
    select
        *,
        case when is_reservation_unset then change_tokens end as unassigned_tokens,
        case when is_of_another_competition then change_tokens end as misbooked_tokens,
        case when is_reason_or_sign_wrong then change_tokens end as unfounded_tokens,
        case when is_rapid_repeat then change_tokens end as repeated_tokens
    from flagged
)

select * from final
