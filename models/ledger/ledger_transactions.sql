{{ config(enabled=contract_declares('ledger', 'ledgers.transaction')) }}

{% set parts = [] %}
{% for ledger, block in ledger_parts('blocks') if block.transaction %}
{% do parts.append((ledger, block)) %}
{% endfor %}
{% for ledger, block in parts %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    min(tenant_id) as tenant_id,
    transaction,
    currency,
    {{ text_literal(ledger.words.unit) }} as unit,
    count(*) as entry_count,
    coalesce(sum(own_amount), 0)::{{ ledger_type('amount') }} as sum_amount,
    min(happened_at) as happened_at,
    coalesce(sum(own_amount) <> 0, false) as is_unbalanced
from {{ ledger_entry_rows(ledger, block) }} as entries
where counts and transaction is not null
group by transaction, currency
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
