{#
    The parts of one kind of all ledgers, for a view that has a branch for each.

    Arguments:
        kind: holds, blocks or balances.
        having: what a part must have; all of them, if not given.
    Returns: a list of pairs, of a ledger and its part.
    Example: {% for ledger, block in ledger_parts('blocks', 'transaction') %} ... {% endfor %}
#}
{% macro ledger_parts(kind, having=none) -%}
    {%- set parts = [] -%}
    {%- for ledger in ledgers() -%}
        {%- for part in ledger[kind] if having is none or part[having] -%}
            {%- do parts.append((ledger, part)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(parts) }}
{%- endmacro %}
