{#
    Whether a row has no tenant, and should have one: the contract's `optional_tables` may.

    Arguments:
        table_name: the table, as the contract names it.
        alias: what the query calls it.
    Returns: an SQL condition.
    Example: where {{ lacks_tenant('invoices', 'source_row') }}
#}
{% macro lacks_tenant(table_name, alias) -%}
    {%- if var('derived')['tables'][table_name]['may_lack_tenant'] is defined -%}
        false
    {%- else -%}
        {{ tenant_of(table_name, alias) }} is null
    {%- endif -%}
{%- endmacro %}
