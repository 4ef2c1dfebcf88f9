{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}

with

changed as (
    select
        ledger,
        entries,
        count(*) as day_count
    from {{ ref('closed_day_changes') }}
    where stated_by is null
    group by ledger, entries
)

select
    settlement.ledger,
    settlement.entries,
    settlement.closed_through,
    settlement.closed_day_count,
    settlement.unhashed_day_count,
    coalesce(changed.day_count, 0) as changed_day_count
from {{ ref('ledger_settlement') }} as settlement
left join changed
    on settlement.ledger = changed.ledger and settlement.entries = changed.entries
