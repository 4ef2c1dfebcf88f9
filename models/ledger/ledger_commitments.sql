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
{% for ledger, balance, kinds in parts %}
select
    {{ ledger.name }}::text as ledger,
    sums.balance::text as balance,
    sums.tenant_id,
    sums.account::{{ ledger_type('account') }} as account,
    sums.account_label,
    {{ text_literal(ledger.words.unit) }} as unit,
    sums.opening_amount,
    sums.adjusted_amount,
    held.amount::{{ ledger_type('amount') }} as held_amount,
    coalesce(held.amount > sums.opening_amount + sums.adjusted_amount, false)
        as is_overcommitted,
    least(
        sums.opening_amount + sums.adjusted_amount - held.amount, 0
    )::{{ ledger_type('amount') }} as overcommitted_amount
from {{ ledger_sums(ledger) }} as sums
inner join {{ ledger_held(ledger, kinds) }} as held on sums.account = held.account
where
    sums.balance = {{ balance.label }}
    and sums.has_row
    and sums.is_audited
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
