{#
    The contract's relationships between two tables that both carry the tenant.

    Arguments: none.
    Returns: a list of the contract's relationships, in its order.
    Example: {% for relationship in tenant_relationships() %} ... {% endfor %}
#}
{% macro tenant_relationships() -%}
    {%- set scoped = tenant_scoped_tables() -%}
    {%- set chosen = [] -%}
    {%- for relationship in var('contract').get('relationships') or [] -%}
        {%- if relationship['child'] in scoped and relationship['parent'] in scoped -%}
            {%- do chosen.append(relationship) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(chosen) }}
{%- endmacro %}
