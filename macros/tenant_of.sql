{#
    The tenant that a row belongs to, as text; null where its table carries none.

    The name is quoted here and not by `quoted`: it is called for each table, often, and what
    dbt asks of a macro's call is most of a build of many tables.

    Arguments:
        table_name: the contract's table.
        alias: the alias of that table in the query.
    Returns: an SQL expression of type text.
    Example: {{ tenant_of('invoices', 'child') }} -> child."tenant_id"::text
#}
{% macro tenant_of(table_name, alias) -%}
    {%- set column = var('derived')['tables'][table_name]['tenant'] -%}
    {%- if column -%}
        {{ alias }}."{{ column | replace('"', '""') }}"::text
    {%- else -%}
        null::text
    {%- endif -%}
{%- endmacro %}
