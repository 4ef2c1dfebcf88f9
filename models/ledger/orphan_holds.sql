{{ config(enabled=contract_declares('ledger', 'ledgers.holds')) }}

select
    ledger,
    holds,
    tenant_id,
    hold,
    hold_label,
    account,
    account_label,
    hold_status,
    hold_amount,
    held_at,
    is_before_epoch as is_legacy,
    entry_count
from {{ ref('ledger_holds') }}
where is_missing
