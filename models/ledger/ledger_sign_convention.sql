{{ config(enabled=contract_declares('ledger', 'ledgers.sums')) }}

{% for ledger, balance in ledger_parts('balances', 'stored', 'has_terms') %}
{% set opening = 'accounts.opening::' ~ balance.type %}
{% set stored = 'accounts.stored::' ~ balance.type %}
select
    {{ ledger.name }}::text as ledger,
    {{ balance.label }}::text as balance,
    {{ text_literal(ledger.words.account) }} as account_word,
    count(*) as account_count,
    count(*) filter (where added.entry_count > 0) as active_account_count,
    trim_scale(sum(({{ stored }} - ({{ opening }} + added.amount))::numeric))
        as discrepancy_amount,
    count(*) filter (where {{ stored }} - ({{ opening }} + added.amount) = 0)
        as declared_sign_aligned_count,
    count(*) filter (where {{ stored }} - ({{ opening }} - added.amount) = 0)
        as opposite_sign_aligned_count,
    count(*) filter (where {{ stored }} - ({{ opening }} - added.amount) = 0)
    - count(*) filter (where {{ stored }} - ({{ opening }} + added.amount) = 0)
        as opposite_sign_advantage_count
from {{ ledger_account_rows(ledger, balance) }} as accounts
left join {{ ledger_added(ledger, balance) }} as added on accounts.account = added.account
where accounts.is_audited
having count(*) > 0
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
