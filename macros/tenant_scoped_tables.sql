{#
    The contract's tables whose rows belong to a tenant: all but the tenants themselves and
    those that the contract calls `global: true`.

    Arguments: none.
    Returns: a list of table names, in the contract's order.
    Example: {% for table_name in tenant_scoped_tables() %} ... {% endfor %}
#}
{% macro tenant_scoped_tables() -%}
    {%- set contract = var('contract') -%}
    {%- set scoped = [] -%}
    {%- for table_name, table in (contract.get('tables') or {}).items() -%}
        {%- if contract.get('tenant')
            and table_name != contract['tenant']['table']
            and not table.get('global', false)
        -%}
            {%- do scoped.append(table_name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(scoped) }}
{%- endmacro %}
