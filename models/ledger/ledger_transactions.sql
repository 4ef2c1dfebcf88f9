{{ config(enabled=contract_declares('ledger', 'ledgers.transaction')) }}

{% for ledger, block in ledger_parts('blocks', 'transaction') %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    min(tenant_id) as tenant_id,
    transaction::text as transaction,
    -- Of several currencies that of the largest sum, which is the fault.
    (array_agg(currency order by abs(sum_amount) desc, currency asc))[1] as currency,
    {{ text_literal(ledger.words.unit) }} as unit,
    sum(entry_count)::bigint as entry_count,
    (array_agg(sum_amount order by abs(sum_amount) desc, currency asc))[1] as sum_amount,
    min(happened_at) as happened_at,
    bool_or(sum_amount <> 0) as is_unbalanced
from (
    select
        transaction,
        currency,
        min(tenant_id) as tenant_id,
        count(*) as entry_count,
        {{ ledger_amount('coalesce(sum(own_amount), 0)') }} as sum_amount,
        min(happened_at) as happened_at
    from {{ ledger_entry_rows(ledger, block) }} as entries
    where counts and transaction is not null
    group by transaction, currency
) as sums
group by transaction
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
