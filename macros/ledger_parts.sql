{#
    The parts of one kind of all ledgers, for a view that has a branch for each.

    Arguments:
        kind: holds, blocks or balances.
        further arguments: what a part must have, each of them; none for all parts.
    Returns: a list of pairs, of a ledger and its part.
    Example: {% for ledger, block in ledger_parts('blocks', 'transaction') %} ... {% endfor %}
#}
{% macro ledger_parts(kind) -%}
    {%- set parts = [] -%}
    {%- for ledger in ledgers() -%}
        {%- for part in ledger[kind] -%}
            {%- set lacks = [] -%}
            {%- for needed in varargs if not part[needed] -%}
                {%- do lacks.append(needed) -%}
            {%- endfor -%}
            {%- if not lacks -%}
                {%- do parts.append((ledger, part)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
