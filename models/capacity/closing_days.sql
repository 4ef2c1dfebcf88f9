{{ config(enabled=contract_declares('capacity')) }}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

-- The bounds as instants: an index on created_at can serve them. Days that were closed
-- without their hash are closed again.
settlement as (
    select
        (settled_through + 1)::timestamp at time zone 'UTC' as ends_at,
        case
            when closed_through is null or unhashed_day_count > 0
                then '-infinity'::timestamptz
            else (closed_through + 1)::timestamp at time zone 'UTC'
        end as begins_at
    from {{ ref('ledger_settlement') }}
),

days as (
    select
        (ledger.created_at at time zone 'UTC')::date as active_on,
        ledger.competition_id::text as competition_id,
        count(*) as entry_count,
        coalesce(sum(ledger.change_tokens), 0)::bigint as ledger_tokens,
        {{ entries_hash('ledger') }} as entries_hash
    from ledger
    cross join settlement
    where
        ledger.created_at < settlement.ends_at
        and ledger.created_at >= settlement.begins_at
        and ledger.competition_id is not null
    group by (ledger.created_at at time zone 'UTC')::date, ledger.competition_id
),

final as (
    select
        active_on,
        competition_id,
        entry_count,
        ledger_tokens,
        entries_hash
    from days
)

select * from final
