{{ config(enabled=contract_declares('capacity')) }}

with

competition_balance as (
    select * from {{ ref('competition_balance') }}
),

counted as (
    select
        count(*) as competition_count,
        count(*) filter (where ledger_entry_count > 0) as active_competition_count,
        count(*) filter (
            where ledger_entry_count > 0 and discrepancy_tokens = 0
        ) as declared_sign_aligned_count,
        count(*) filter (
            where ledger_entry_count > 0 and wrong_sign_discrepancy_tokens = 0
        ) as opposite_sign_aligned_count
    from competition_balance
),

final as (
    select
        {{ text_literal(var('contract')['database']) }} as database_name,
        competition_count,
        active_competition_count,
        declared_sign_aligned_count,
        opposite_sign_aligned_count,
        opposite_sign_aligned_count
        - declared_sign_aligned_count as opposite_sign_advantage_count
    from counted
)

select * from final
