{#
    The holds that a block of entries names, each with its place among them.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries.
    Returns: a list of pairs, of a column of `ledger_entry_rows` and a kind of holds.
    Example: {% for column, holds in ledger_named_holds(ledger, block) %} ... {% endfor %}
#}
{% macro ledger_named_holds(ledger, block) -%}
    {%- set named = [] -%}
    {%- for name in block.holds -%}
        {%- set column = 'hold_' ~ loop.index -%}
        {%- for holds in ledger.holds if holds.name == name -%}
            {%- do named.append((column, holds)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}
