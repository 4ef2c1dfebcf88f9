{#
    How old the contract allows a table's newest row to be.

    Arguments:
        table: the contract's table, a mapping that may have `freshness`.
    Returns: an SQL expression of type interval; null if the contract declares no freshness.
    Example: {{ max_age(table) }} -> '48 hours'::text::interval
#}
{% macro max_age(table) -%}
    {%- if table.get('freshness') -%}
        {{ text_literal(table['freshness']['max_age']) }}::interval
    {%- else -%}
        null::interval
    {%- endif -%}
{%- endmacro %}
