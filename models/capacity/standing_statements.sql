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
        coalesce(carried_out.entry_count = standing.entry_count, false) as is_carried_out,
        carried_out.entries_hash
    from standing
    left join lateral (
        select
            count(*) as entry_count,
            {{ entries_hash('ledger') }} as entries_hash
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
                and entry.reservation_id is not distinct from ledger.reservation_id::text
                and entry.change_tokens = ledger.change_tokens
                and entry.reason = ledger.reason
                and entry.created_at = ledger.created_at
        where ledger.competition_id::text = standing.competition_id
    ) as carried_out on true
)

select * from final
