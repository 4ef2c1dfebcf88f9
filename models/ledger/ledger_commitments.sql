{{ config(enabled=contract_declares('ledger', 'ledgers.commitments')) }}

{% set parts = [] %}
{% for ledger, holds in ledger_parts('holds')
    if holds.account and ledger.reasons.adjusts and ledger_balance(ledger, holds.balance).min %}
{% do parts.append((ledger, holds)) %}
{% endfor %}
{% for ledger, holds in parts %}
select
    {{ ledger.name }}::text as ledger,
    {{ holds.label_of }}::text as holds,
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
inner join {{ ledger_held(ledger, holds) }} as held on sums.account = held.account
where
    sums.balance = {{ ledger_balance(ledger, holds.balance).label }}
    and sums.has_row
    and sums.is_audited
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
