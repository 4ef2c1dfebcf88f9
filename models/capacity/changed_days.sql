{{ config(enabled=contract_declares('capacity')) }}

select
    tenant_id,
    active_on,
    competition_id,
    competition_name,
    closed_entry_count,
    entry_count,
    entry_count_change,
    closed_ledger_tokens,
    ledger_tokens,
    ledger_tokens_change
from {{ ref('closed_day_changes') }}
where stated_by is null
