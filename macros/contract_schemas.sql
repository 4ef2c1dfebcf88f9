{#
    Every schema that the contract is about, its own first.

    Arguments: none.
    Returns: a list of schema names.
    Example: {% for schema in contract_schemas() %} ... {% endfor %}
#}
{% macro contract_schemas() -%}
    {%- set contract = var('contract') -%}
    {%- set schemas = [contract['schema']] -%}
    {%- for schema in contract.get('further_schemas') or [] -%}
        {%- if schema not in schemas %}{% do schemas.append(schema) %}{% endif -%}
    {%- endfor -%}
    {{ return(schemas) }}
{%- endmacro %}
