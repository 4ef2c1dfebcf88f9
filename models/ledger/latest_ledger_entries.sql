{{ config(enabled=contract_declares('ledger', 'ledgers.at')) }}

{% for ledger, block in ledger_parts('blocks', 'has_at') %}
{% set holds = ledger_named_holds(ledger, block) %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    coalesce(entries.tenant_id, accounts.tenant_id) as tenant_id,
    entries.happened_at as created_at,
    entries.entry::{{ ledger_type('entry') }} as entry,
    entries.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, entries.account::text) as account_label,
    {{ ledger_hold_of(block) }} as hold,
    {% if holds -%}
    {{ coalesced('holds', holds, 'hold_label') }}
    {%- else -%}
    null::text
    {%- endif %} as hold_label,
    {{ ledger_amount('entries.own_amount') }} as change_amount,
    entries.reason
from (
    select *
    from {{ ledger_entry_rows(ledger, block) }} as every_entry
    where counts
    order by happened_at desc nulls last, entry asc
    limit 20
) as entries
left join {{ ledger_account_rows(ledger) }} as accounts
    on entries.account = accounts.account
{% for column, of in holds -%}
left join {{ ledger_hold_keys(ledger, of) }} as holds_{{ loop.index }}
    on entries.{{ column }} = holds_{{ loop.index }}.hold
{% endfor -%}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
