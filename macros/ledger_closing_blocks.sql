{#
    The blocks of entries whose days close.

    Arguments: none.
    Returns: a list of pairs, of a ledger and a block.
    Example: {% for ledger, block in ledger_closing_blocks() %} ... {% endfor %}
#}
{% macro ledger_closing_blocks() -%}
    {%- set closing = [] -%}
    {%- for ledger, block in ledger_parts('blocks') if ledger.days_close_after and block.has_days -%}
        {%- do closing.append((ledger, block)) -%}
    {%- endfor -%}
    {{ return(closing) }}
{%- endmacro %}
