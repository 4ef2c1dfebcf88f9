{{ config(enabled=contract_declares('capacity')) }}

with

incidents as (
    select * from {{ ref('incidents') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

final as (
    select
        competitions.tenant_id,
        competitions.competition_id,
        competitions.competition_name,
        incidents.clean_before as agreed_at,
        incidents.opened_at as diverged_at,
        incidents.first_size::bigint as first_discrepancy_tokens,
        incidents.size::bigint as discrepancy_tokens
    from incidents
    inner join competitions
        on incidents.key ->> 'competition_id' = competitions.competition_id::text
    where
        incidents.database_name
        = {{ text_literal(var('contract')['database']) }}
        and incidents.check_id = 'capacity.available_matches_ledger_exactly'
        and incidents.status <> 'resolved'
)

select * from final
