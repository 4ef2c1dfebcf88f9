{#
    The parts of one kind of all ledgers, for a view that has a branch for each.

    Arguments:
        kind: holds, blocks or balances.
    Returns: a list of pairs, of a ledger and its part.
    Example: {% for ledger, holds in ledger_parts('holds') %} ... {% endfor %}
#}
{% macro ledger_parts(kind) -%}
    {%- set parts = [] -%}
    {%- for ledger in ledgers() -%}
        {%- for part in ledger[kind] -%}
            {%- do parts.append((ledger, part)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
