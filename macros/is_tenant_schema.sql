{#
    Whether a schema is a tenant's: the contract's pattern matches it, and it is none of the
    contract's own, nor Postgres' or Counterfoil's.

    Arguments:
        schema_name: an SQL expression, the schema.
    Returns: an SQL condition; false where tenants have no schemas.
    Example: where {{ is_tenant_schema('namespaces.nspname') }}
#}
{% macro is_tenant_schema(schema_name) -%}
    {%- set like = contract_part('schemas.like') -%}
    {%- if like -%}
        (
            {{ schema_name }} like {{ text_literal(like) }}
            and {{ schema_name }} not in ({{ text_list(var('derived')['schemas']) }})
            and {{ schema_name }} !~ '^(pg_|information_schema$|counterfoil)'
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
