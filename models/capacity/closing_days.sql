{{ config(enabled=contract_declares('capacity')) }}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

settlement as (
    select * from {{ ref('ledger_settlement') }}
),

days as (
    select
        (ledger.created_at at time zone 'UTC')::date as active_on,
        ledger.competition_id::text as competition_id,
        count(*) as entry_count,
        coalesce(sum(ledger.change_tokens), 0)::bigint as ledger_tokens
    from ledger
    where
        -- The bounds as instants: an index on created_at can serve them.
        ledger.created_at < (
            select (settled_through + 1)::timestamp at time zone 'UTC' from settlement
        )
        and ledger.created_at >= (
            select coalesce(
                (closed_through + 1)::timestamp at time zone 'UTC',
                '-infinity'::timestamptz
            )
            from settlement
        )
        and ledger.competition_id is not null
    group by (ledger.created_at at time zone 'UTC')::date, ledger.competition_id
),

final as (
    select
        active_on,
        competition_id,
        entry_count,
        ledger_tokens
    from days
)

select * from final
