{#
    What is wrong with a balance as a whole: its sign or its unit fits over half of the accounts
    that have entries if it is read otherwise. No cause is sought then for the single account.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
    Returns: a query of one text; null where nothing is.
    Example: select ({{ ledger_whole_fault(ledger, balance) }}) as detail
#}
{% macro ledger_whole_fault(ledger, balance) -%}
select
    case
        when opposite * 2 > active then format(
            'its sign: read the other way round, %s of %s accounts with entries agree',
            opposite, active
        )
        {%- for factor in ('100', '1000', '0.01', '0.001') %}
        when times_{{ loop.index }} * 2 > active then format(
            'its unit: times {{ factor }}, the entries of %s of %s accounts agree',
            times_{{ loop.index }}, active
        )
        {%- endfor %}
    end
from (
    select
        count(*) as active,
        count(*) filter (
            where discrepancy_amount <> 0 and wrong_sign_discrepancy_amount = 0
        ) as opposite
        {%- for factor in ('100', '1000', '0.01', '0.001') %},
        count(*) filter (
            where discrepancy_amount <> 0 and stored_amount = expected_amount * {{ factor }}
        ) as times_{{ loop.index }}
        {%- endfor %}
    from {{ ledger_sums(ledger) }} as sums
    where
        balance = {{ balance.label }}
        and has_row
        and is_audited
        and entry_count > 0
) as counts
{%- endmacro %}
