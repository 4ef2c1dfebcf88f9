{{ config(enabled=contract_declares('capacity')) }}

with

competitions as (
    select * from {{ ref('stg_competitions') }}
),

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

ledger_by_competition as (
    select
        competition_id,
        count(*) as ledger_entry_count,
        sum(change_tokens)::bigint as ledger_tokens,
        sum(change_tokens) filter (
            where reason in ({{ capacity_reasons('adjustment') }})
        )::bigint as adjusted_tokens
    from ledger
    group by competition_id
),

reconciled as (
    select
        competitions.tenant_id,
        competitions.competition_id,
        competitions.competition_name,
        competitions.total_tokens,
        competitions.available_tokens,
        coalesce(ledger_by_competition.ledger_entry_count, 0) as ledger_entry_count,
        coalesce(ledger_by_competition.ledger_tokens, 0) as ledger_tokens,
        coalesce(ledger_by_competition.adjusted_tokens, 0) as adjusted_tokens
    from competitions
    left join ledger_by_competition
        on competitions.competition_id = ledger_by_competition.competition_id
),

final as (
    select
        tenant_id,
        competition_id,
        competition_name,
        total_tokens,
        available_tokens,
        ledger_entry_count,
        ledger_tokens,
        adjusted_tokens,
        total_tokens + ledger_tokens as expected_available_tokens,
        available_tokens - (total_tokens + ledger_tokens) as discrepancy_tokens,
        available_tokens
        - (total_tokens - ledger_tokens) as wrong_sign_discrepancy_tokens
    from reconciled
)

select * from final
