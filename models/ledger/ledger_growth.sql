{{ config(enabled=contract_declares('ledger', 'ledgers.at')) }}

{% for ledger, block in ledger_parts('blocks', 'has_at') %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    count(*) as entry_count,
    min(happened_at) as oldest_entry_at,
    max(happened_at) as newest_entry_at
from {{ ledger_entry_rows(ledger, block) }} as entries
where counts
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
