{#
    Every reference that must resolve: the contract's relationships, and the tenant column
    of each table that carries one.

    Arguments: none.
    Returns: a list of mappings with child, column, parent and required.
    Example: {% for reference in references() %} ... {% endfor %}
#}
{% macro references() -%}
    {%- set contract = var('contract') -%}
    {%- set declared = [] -%}
    {%- for relationship in contract.get('relationships') or [] -%}
        {%- do declared.append(relationship) -%}
    {%- endfor -%}
    {%- for table_name in tenant_scoped_tables() -%}
        {%- do declared.append({
            'child': table_name,
            'column': tenant_column_of(table_name),
            'parent': contract['tenant']['table'],
        }) -%}
    {%- endfor -%}
    {{ return(declared) }}
{%- endmacro %}
