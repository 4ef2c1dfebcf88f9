{{ config(enabled=contract_declares('ledger', 'ledgers.commitments')) }}

{% set parts = [] %}
{% for ledger, balance in ledger_parts('balances')
    if balance.min and ledger.reasons.adjusts %}
{% set owing = ledger.holds | selectattr('balance', 'equalto', balance.name) %}
{% set kinds = owing | selectattr('account') | list %}
{% if kinds %}
{% do parts.append((ledger, balance, kinds)) %}
{% endif %}
{% endfor %}
-- Left joins: whoever only counts the accounts is spared what is held of them.
{% for ledger, balance, kinds in parts %}
select
    {{ ledger.name }}::text as ledger,
    {{ balance.label }}::text as balance,
    accounts.tenant_id,
    accounts.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, accounts.account::text) as account_label,
    {{ text_literal(ledger.words.unit) }} as unit,
    {{ ledger_amount('accounts.opening') }} as opening_amount,
    {{ ledger_amount('coalesce(adjusted.amount, 0)') }} as adjusted_amount,
    {{ ledger_amount('held.amount') }} as held_amount,
    coalesce(held.amount > accounts.opening + coalesce(adjusted.amount, 0), false)
        as is_overcommitted,
    {{ ledger_amount(
        'least(accounts.opening + coalesce(adjusted.amount, 0) - held.amount, 0)'
    ) }} as overcommitted_amount
from {{ ledger_account_rows(ledger, balance) }} as accounts
left join {{ ledger_added(ledger, balance, adjusting=true) }} as adjusted
    on accounts.account = adjusted.account
left join {{ ledger_held(ledger, kinds) }} as held on accounts.account = held.account
where accounts.is_audited
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
