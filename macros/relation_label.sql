{#
    The one name that the contract has for a relation: bare in its own schema, behind the
    schema and a dot in another. A bare name that would read as another schema's is
    written out too.

    Arguments:
        schema_name: an SQL expression, the relation's schema.
        relation_name: an SQL expression, its name.
    Returns: an SQL expression of type text.
    Example: {{ relation_label('namespace.nspname', 'relation.relname') }}
#}
{% macro relation_label(schema_name, relation_name) -%}
    case
        when {{ schema_name }} <> {{ text_literal(var('contract')['schema']) }}
            {%- for schema in var('derived')['schemas'] %}
            or starts_with({{ relation_name }}::text, {{ text_literal(schema ~ '.') }})
            {%- endfor %}
            {%- if contract_part('schemas') %}
            or {{ relation_name }}::text
            like {{ text_literal(contract_part('schemas.like') ~ '.%') }}
            {%- endif %}
            then {{ schema_name }} || '.' || {{ relation_name }}
        else {{ relation_name }}::text
    end
{%- endmacro %}
