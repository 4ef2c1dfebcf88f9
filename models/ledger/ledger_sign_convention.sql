{{ config(enabled=contract_declares('ledger', 'ledgers.sums')) }}

{% for ledger in ledgers() %}
select
    {{ ledger.name }}::text as ledger,
    balance::text as balance,
    {{ text_literal(ledger.words.account) }} as account_word,
    count(*) as account_count,
    count(*) filter (where entry_count > 0) as active_account_count,
    count(*) filter (where entry_count > 0 and discrepancy_amount = 0)
        as declared_sign_aligned_count,
    count(*) filter (where entry_count > 0 and wrong_sign_discrepancy_amount = 0)
        as opposite_sign_aligned_count,
    count(*) filter (where entry_count > 0 and wrong_sign_discrepancy_amount = 0)
    - count(*) filter (where entry_count > 0 and discrepancy_amount = 0)
        as opposite_sign_advantage_count
from {{ ledger_sums(ledger) }} as sums
where has_row and is_audited and has_stored and has_terms
group by balance
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
