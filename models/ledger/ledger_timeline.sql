{{ config(enabled=contract_declares('ledger', 'ledgers.entries')) }}

-- Entries of one instant have the same balance: their order is not on record.
{% for ledger, balance in ledger_parts('balances', 'has_terms') %}
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
    {{ ledger_amount('changes.change_amount') }} as change_amount,
    {{ ledger_amount(
        'coalesce(accounts.opening, 0) + coalesce(sum(changes.change_amount) over instants, 0)'
    ) }} as expected_amount
from (
    {%- for block in ledger.blocks if block.effects[balance.name] %}
    select
        {{ block.name }}::text as entries,
        entries.tenant_id,
        entries.account,
        entries.happened_at as created_at,
        entries.entry,
        {{ ledger_hold_of(block) }} as hold,
        entries.reason,
        entries.amount as change_amount
    from {{ ledger_entry_rows(ledger, block, balance) }} as entries
    where entries.is_counted and entries.account is not null
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
