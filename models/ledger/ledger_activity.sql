{{ config(enabled=contract_declares('ledger', 'ledgers.at')) }}

{% for ledger, block in ledger_parts('blocks', 'has_at') %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    accounts.tenant_id,
    days.day,
    days.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, days.account::text) as account_label,
    days.reason,
    days.entry_count,
    {{ ledger_amount('days.amount_in') }} as amount_in,
    {{ ledger_amount('days.amount_out') }} as amount_out
from (
    select
        (happened_at at time zone 'UTC')::date as day,
        account,
        reason,
        count(*) as entry_count,
        coalesce(sum(own_amount) filter (where own_amount > 0), 0) as amount_in,
        coalesce(-sum(own_amount) filter (where own_amount < 0), 0) as amount_out
    from {{ ledger_entry_rows(ledger, block) }} as entries
    where counts
    group by (happened_at at time zone 'UTC')::date, account, reason
) as days
left join {{ ledger_account_rows(ledger) }} as accounts on days.account = accounts.account
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
