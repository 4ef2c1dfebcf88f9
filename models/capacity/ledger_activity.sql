{{ config(enabled=contract_declares('capacity')) }}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

activity as (
    select
        (created_at at time zone 'UTC')::date as active_on,
        competition_id,
        reason,
        count(*) as entry_count,
        coalesce(
            sum(change_tokens) filter (where change_tokens > 0), 0
        )::bigint as tokens_in,
        coalesce(
            -sum(change_tokens) filter (where change_tokens < 0), 0
        )::bigint as tokens_out
    from ledger
    group by (created_at at time zone 'UTC')::date, competition_id, reason
),

final as (
    select
        competitions.tenant_id,
        activity.active_on,
        activity.competition_id,
        competitions.competition_name,
        activity.reason,
        activity.entry_count,
        activity.tokens_in,
        activity.tokens_out
    from activity
    left join competitions on activity.competition_id = competitions.competition_id
)

select * from final
