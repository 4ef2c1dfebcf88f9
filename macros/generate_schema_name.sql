{#
    Names the schema that a node is built in: exactly the one it is configured with, so
    that Counterfoil's three schemas are called the same in every database and for
    every developer (dbt's default would prefix the target's own schema).

    Arguments:
        custom_schema_name: the node's `+schema`, or none.
        node: the node itself; not used, but part of dbt's signature.
    Returns: the schema's name.
    Example: a model with `+schema: counterfoil_staging` -> counterfoil_staging
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
