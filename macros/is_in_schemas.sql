{#
    Whether a schema is one that the contract is about: its own, or a tenant's.

    Arguments:
        schema_name: an SQL expression, the schema.
    Returns: an SQL condition.
    Example: where {{ is_in_schemas('namespaces.nspname') }}
#}
{% macro is_in_schemas(schema_name) -%}
    {%- set own = schema_name ~ ' in (' ~ text_list(var('derived')['schemas']) ~ ')' -%}
    {%- if contract_part('schemas') -%}
        ({{ own }} or {{ is_tenant_schema(schema_name) }})
    {%- else -%}
        {{ own }}
    {%- endif -%}
{%- endmacro %}
