{#
    Whether a schema is open to those who come from outside: one of the contract's visitors may
    use it, and neither Postgres nor the platform provides it.

    Arguments:
        schema_name: an SQL expression, the schema.
    Returns: an SQL condition; false where the contract names no visitors.
    Example: where {{ is_exposed_schema('namespaces.nspname') }}
#}
{% macro is_exposed_schema(schema_name) -%}
    {%- if contract_part('structure.row_security.visitors') -%}
        {{ schema_name }} in (
            select exposed.nspname
            from pg_catalog.pg_namespace as exposed
            inner join pg_catalog.pg_roles as visitors
                on pg_catalog.has_schema_privilege(visitors.oid, exposed.oid, 'USAGE')
            where
                visitors.rolname = any(
                    {{ contract_texts('structure.row_security.visitors') }}
                )
                and exposed.nspname <> all(
                    {{ contract_texts('structure.row_security.provided_schemas') }}
                )
                and exposed.nspname !~ '^(pg_|information_schema$|counterfoil)'
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
