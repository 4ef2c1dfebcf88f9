{#
    The hold that an entry names, whichever kind it is of.

    Arguments:
        block: a block of entries; its rows are called `entries`.
    Returns: an SQL expression, as text.
    Example: select {{ ledger_hold_of(block) }} as hold
#}
{% macro ledger_hold_of(block) -%}
    {%- set columns = [] -%}
    {%- for name in block.holds -%}
        {%- do columns.append('entries.hold_' ~ loop.index ~ '::text') -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ columns | join(', ') ~ ')' if columns else 'null::text' }}
{%- endmacro %}
