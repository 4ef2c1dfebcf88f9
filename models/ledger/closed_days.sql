{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}

select
    settlement.ledger,
    settlement.entries,
    settlement.closed_through,
    settlement.closed_day_count,
    settlement.unhashed_day_count,
    changed.day_count as changed_day_count
from {{ ref('ledger_settlement') }} as settlement
-- For each of its own: of a ledger that cannot be read the others do not hear.
cross join lateral (
    select count(*) as day_count
    from {{ ref('closed_day_changes') }} as changes
    where
        changes.ledger = settlement.ledger
        and changes.entries = settlement.entries
        and changes.stated_by is null
) as changed
