{#
    A balance of a ledger, by its name.

    Arguments:
        ledger: one of `ledgers()`.
        name: as the contract has it.
    Returns: the balance, as the compiler has it.
    Example: {{ ledger_balance(ledger, 'available').type }}
#}
{% macro ledger_balance(ledger, name) -%}
    {{ return(ledger.balances | selectattr('name', 'equalto', name) | first) }}
{%- endmacro %}
