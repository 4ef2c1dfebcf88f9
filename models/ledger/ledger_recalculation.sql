{{ config(enabled=contract_declares('ledger', 'ledgers.stored')) }}

-- noqa: disable=layout.indent

{% for ledger, balance in ledger_parts('balances', 'stored') %}
select
    {{ ledger.name }}::text as ledger,
    {{ balance.label }}::text as balance,
    counterfoil_off.tenant_id,
    counterfoil_off.account::{{ ledger_type('account') }} as account,
    {{ ledger_amount('counterfoil_off.stored_amount') }} as stored_amount,
    {{ ledger_amount('counterfoil_off.expected_amount') }} as expected_amount,
    stored.values_before,
    stored.values_after
from (
    select * from {{ ledger_sums(ledger) }} as sums
    where
        balance = {{ balance.label }}
        and has_row
        and is_audited
        and not lacks_opening
        and (discrepancy_amount = 0) is not true
) as counterfoil_off
cross join lateral (
    select
        jsonb_build_object(
            {%- for column, value in balance.repair.items() %}
            {{ text_literal(column) }}, {{ value.before }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as values_before,
        jsonb_build_object(
            {%- for column, value in balance.repair.items() %}
            {{ text_literal(column) }}, {{ value.after }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as values_after
    from {{ ledger.accounts.relation }}
    where
        {{ ledger.accounts.account }} = counterfoil_off.account
        and {{ ledger.accounts.is_audited }}
) as stored
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
