{#
    What a table calls the tenant column.

    Arguments:
        table_name: the contract's table.
    Returns: the column's name.
    Example: {{ quoted(tenant_column_of('vehicles')) }} -> "dealershipId"
#}
{% macro tenant_column_of(table_name) -%}
    {%- set tenant = var('contract')['tenant'] -%}
    {{ return((tenant.get('columns') or {}).get(table_name) or tenant['column']) }}
{%- endmacro %}
