{#
    Whether a relation of an exposed schema may be read by one of the contract's visitors.

    Arguments:
        schema_name: an SQL expression, its schema.
        relation_oid: an SQL expression, the relation.
    Returns: an SQL condition; false where the contract names no visitors.
    Example: {{ is_open_to_visitors('namespaces.nspname', 'relations.oid') }}
#}
{% macro is_open_to_visitors(schema_name, relation_oid) -%}
    {%- if contract_part('structure.row_security.visitors') -%}
        (
            {{ is_exposed_schema(schema_name) }}
            and exists (
                select true
                from pg_catalog.pg_roles as readers
                where
                    readers.rolname = any(
                        {{ contract_texts('structure.row_security.visitors') }}
                    )
                    and pg_catalog.has_any_column_privilege(
                        readers.oid, {{ relation_oid }}, 'SELECT'
                    )
            )
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
