{{ config(enabled=contract_declares('ledger', 'ledgers.stored')) }}

select
    incidents.key ->> 'ledger' as ledger,
    incidents.key ->> 'balance' as balance,
    balances.tenant_id,
    balances.account,
    balances.account_label,
    incidents.clean_before as agreed_at,
    incidents.opened_at as diverged_at,
    {{ ledger_amount('incidents.first_size') }} as first_discrepancy_amount,
    {{ ledger_amount('incidents.size') }} as discrepancy_amount
from {{ ref('incidents') }} as incidents
inner join {{ ref('ledger_balances') }} as balances
    on
        incidents.key ->> 'ledger' = balances.ledger
        and incidents.key ->> 'balance' = balances.balance
        and incidents.key ->> 'account' = balances.account::text
where
    incidents.database_name = {{ text_literal(var('contract')['database']) }}
    and incidents.check_id = 'ledger.balance_matches_entries_exactly'
    and incidents.status <> 'resolved'
