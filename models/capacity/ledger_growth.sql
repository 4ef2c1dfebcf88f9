{{ config(enabled=contract_declares('capacity')) }}

with

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

competitions as (
    select * from {{ ref('competition_balance') }}
),

growth as (
    select
        count(*) as entry_count,
        min(created_at) as oldest_entry_at,
        max(created_at) as newest_entry_at,
        {% if contract_part('capacity.freezes') -%}
        count(*) filter (
            where
            reason in ({{ capacity_reasons('adjustment') }})
            and ({{ is_in_freeze('created_at') }})
        )
        {%- else -%}
        null::bigint
        {%- endif %} as freeze_adjustment_count
    from ledger
),

alignment as (
    select
        count(*) as competition_count,
        count(*) filter (where discrepancy_tokens = 0) as aligned_competition_count
    from competitions
),

final as (
    select
        {{ text_literal(var('contract')['database']) }} as database_name,
        growth.entry_count,
        growth.oldest_entry_at,
        growth.newest_entry_at,
        growth.freeze_adjustment_count,
        alignment.competition_count,
        alignment.aligned_competition_count,
        round(
            alignment.aligned_competition_count
            / nullif(alignment.competition_count, 0)::numeric,
            4
        )::numeric(5, 4) as aligned_share
    from growth
    cross join alignment
)

select * from final
