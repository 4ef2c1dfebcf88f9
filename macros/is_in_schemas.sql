{#
    Whether a schema is one that the contract is about: its own, a tenant's, or exposed.

    Arguments:
        schema_name: an SQL expression, the schema.
    Returns: an SQL condition.
    Example: where {{ is_in_schemas('namespaces.nspname') }}
#}
{% macro is_in_schemas(schema_name) -%}
    {%- set own = schema_name ~ ' in (' ~ text_list(var('derived')['schemas']) ~ ')' -%}
    {%- set more = [own] -%}
    {%- if contract_part('schemas') -%}
        {%- do more.append(is_tenant_schema(schema_name)) -%}
    {%- endif -%}
    {%- if contract_part('structure.row_security.visitors') -%}
        {%- do more.append(is_exposed_schema(schema_name)) -%}
    {%- endif -%}
    ({{ more | join(' or ') }})
{%- endmacro %}
