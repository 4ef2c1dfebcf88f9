{#
    The relation of a table that the contract names.

    Arguments:
        table_name: the table, in the contract's schema, spelt as the catalog spells it.
    Returns: the quoted relation, `"schema"."table"`.
    Example: {{ application_table('reservations') }} -> "public"."reservations"
#}
{% macro application_table(table_name) -%}
    {{ quoted(var('contract')['schema']) }}.{{ quoted(table_name) }}
{%- endmacro %}
