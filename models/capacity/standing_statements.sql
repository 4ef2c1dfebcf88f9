{{ config(enabled=contract_declares('capacity')) }}

{#
    A statement holds once, for a day, and for the very rows that it names. The day goes by the
    server's clock, as does `stated_at`: 'now' may be dated.
#}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

standing as (
    select
        plan_id,
        day,
        competition_id,
        entry_count,
        ledger_tokens,
        entries
    from {{ source('history', 'stated_changes') }}
    where
        database_name = {{ text_literal(var('contract')['database']) }}
        and accepted_at is null
        and withdrawn_at is null
        and stated_at > now() - interval '1 day'
),

final as (
    select
        standing.plan_id,
        standing.day,
        standing.competition_id,
        standing.entry_count,
        standing.ledger_tokens,
        (
            select count(*) = standing.entry_count
            from
                jsonb_to_recordset(standing.entries) as entry (
                    ledger_entry_id text,
                    reservation_id text,
                    change_tokens bigint,
                    reason text,
                    created_at timestamptz
                )
            inner join ledger
                on
                    entry.ledger_entry_id = ledger.ledger_entry_id::text
                    and entry.reservation_id
                    is not distinct from ledger.reservation_id::text
                    and entry.change_tokens = ledger.change_tokens
                    and entry.reason = ledger.reason
                    and entry.created_at = ledger.created_at
            where ledger.competition_id::text = standing.competition_id
        ) as is_carried_out
    from standing
)

select * from final
