{#
    The relation of a table that the contract names.

    Arguments:
        table_name: the table, as the contract names it.
    Returns: the quoted relation, `"schema"."table"`.
    Example: {{ application_table('reservations') }} -> "public"."reservations"
#}
{% macro application_table(table_name) -%}
    {{ var('derived')['tables'][table_name]['relation'] }}
{%- endmacro %}
