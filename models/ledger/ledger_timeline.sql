{{ config(enabled=contract_declares('ledger', 'ledgers.entries')) }}

{% set parts = [] %}
{% for ledger, balance in ledger_parts('balances') if balance.has_terms %}
{% do parts.append((ledger, balance)) %}
{% endfor %}
-- Entries of one instant have the same balance: their order is not on record.
{% for ledger, balance in parts %}
select
    {{ ledger.name }}::text as ledger,
    {{ balance.label }}::text as balance,
    changes.entries,
    changes.tenant_id,
    changes.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, changes.account::text) as account_label,
    changes.created_at,
    changes.entry::{{ ledger_type('entry') }} as entry,
    changes.hold,
    changes.reason,
    changes.change_amount::{{ ledger_type('amount') }} as change_amount,
    (
        coalesce(accounts.opening, 0)
        + coalesce(sum(changes.change_amount) over instants, 0)
    )::{{ ledger_type('amount') }} as expected_amount
from (
    {%- for block in ledger.blocks if block.effects[balance.name] %}
    select
        {{ block.name }}::text as entries,
        tenant_id,
        account,
        happened_at as created_at,
        entry,
        {% if block.holds -%}
        coalesce(
            {%- for hold in block.holds %}
            hold_{{ loop.index }}::text{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- else -%}
        null::text
        {%- endif %} as hold,
        reason,
        amount as change_amount
    from {{ ledger_entry_rows(ledger, block, balance) }} as entries
    where is_counted and account is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
) as changes
left join {{ ledger_account_rows(ledger, balance) }} as accounts
    on changes.account = accounts.account
window instants as (partition by changes.account order by changes.created_at)
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
