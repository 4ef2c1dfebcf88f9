{{ config(enabled=contract_declares('capacity')) }}

{% set database_name = text_literal(var('contract')['database']) %}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

settlement as (
    select * from {{ ref('ledger_settlement') }}
),

baseline as (
    select
        day,
        competition_id,
        entry_count,
        ledger_tokens,
        entries_hash,
        closed_at
    from {{ source('history', 'closed_days') }}
    where database_name = {{ database_name }}
),

-- Two plans of one day may have been carried out before an audit looks.
stated as (
    select
        day,
        competition_id,
        sum(entry_count) as entry_count,
        sum(ledger_tokens) as ledger_tokens,
        sum(entries_hash) as entries_hash,
        string_agg(plan_id, ', ' order by plan_id) as plan_ids
    from {{ ref('standing_statements') }}
    where is_carried_out
    group by day, competition_id
),

today as (
    select
        (ledger.created_at at time zone 'UTC')::date as active_on,
        ledger.competition_id::text as competition_id,
        count(*) as entry_count,
        coalesce(sum(ledger.change_tokens), 0)::bigint as ledger_tokens,
        {{ entries_hash('ledger') }} as entries_hash
    from ledger
    where
        ledger.created_at < (
            select (settlement.closed_through + 1)::timestamp at time zone 'UTC'
            from settlement
        )
        and ledger.competition_id is not null
    group by (ledger.created_at at time zone 'UTC')::date, ledger.competition_id
),

changes as (
    select
        coalesce(baseline.day, today.active_on) as active_on,
        coalesce(baseline.competition_id, today.competition_id) as competition_id,
        coalesce(baseline.entry_count, 0) as closed_entry_count,
        coalesce(baseline.ledger_tokens, 0) as closed_ledger_tokens,
        coalesce(today.entry_count, 0) as entry_count,
        coalesce(today.ledger_tokens, 0) as ledger_tokens,
        coalesce(today.entries_hash, 0) as entries_hash,
        -- Null only where it was closed before that was kept.
        case when baseline.day is null then 0 else baseline.entries_hash end
            as closed_entries_hash
    from baseline
    full join today
        on
            baseline.day = today.active_on
            and baseline.competition_id = today.competition_id
    where
        -- What was accepted at a later instant says nothing of an older state.
        coalesce(baseline.closed_at <= {{ as_of() }}, true)
        and (
            coalesce(baseline.entry_count, 0) <> coalesce(today.entry_count, 0)
            or coalesce(baseline.ledger_tokens, 0)
            <> coalesce(today.ledger_tokens, 0)
            or baseline.entries_hash <> today.entries_hash
        )
),

final as (
    select
        competitions.tenant_id,
        changes.active_on,
        changes.competition_id,
        competitions.competition_name,
        changes.closed_entry_count,
        changes.entry_count,
        changes.entry_count - changes.closed_entry_count as entry_count_change,
        changes.closed_ledger_tokens,
        changes.ledger_tokens,
        changes.ledger_tokens - changes.closed_ledger_tokens as ledger_tokens_change,
        changes.entries_hash::text as entries_hash,
        case
            when
                changes.entry_count = changes.closed_entry_count
                and changes.ledger_tokens = changes.closed_ledger_tokens
                then ', of other entries'
            else ''
        end as difference,
        stated.plan_ids as stated_by
    from changes
    left join stated
        on
            changes.active_on = stated.day
            and changes.competition_id = stated.competition_id
            and stated.entry_count = changes.entry_count - changes.closed_entry_count
            and stated.ledger_tokens
            = changes.ledger_tokens - changes.closed_ledger_tokens
            and coalesce(
                stated.entries_hash
                = changes.entries_hash - changes.closed_entries_hash,
                true
            )
    left join competitions
        on changes.competition_id = competitions.competition_id::text
)

select * from final
