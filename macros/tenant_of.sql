{#
    The tenant that a row belongs to, as text; null where its table carries none.

    Arguments:
        table_name: the contract's table.
        alias: the alias of that table in the query.
    Returns: an SQL expression of type text.
    Example: {{ tenant_of('reservations', 'child') }} -> child."tenant_id"::text
#}
{% macro tenant_of(table_name, alias) -%}
    {%- set tenant = var('contract').get('tenant') -%}
    {%- if tenant and table_name == tenant['table'] -%}
        {{ alias }}.{{ quoted(var('contract')['tables'][table_name]['key']) }}::text
    {%- elif table_name in tenant_scoped_tables() -%}
        {{ alias }}.{{ quoted(tenant_column_of(table_name)) }}::text
    {%- else -%}
        null::text
    {%- endif -%}
{%- endmacro %}
