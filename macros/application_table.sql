{#
    The relation of a table that the contract names.

    Arguments:
        table_name: the table, as the contract names it.
    Returns: the quoted relation, `"schema"."table"`; of a table that does not exist, a subquery
        without rows.
    Example: {{ application_table('invoices') }} -> "public"."invoices"
#}
{% macro application_table(table_name) -%}
    {{ var('derived')['tables'][table_name]['relation'] }}
{%- endmacro %}
