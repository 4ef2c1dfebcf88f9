{#
    Whether a value is null, empty or nothing but white space.

    Arguments:
        expression: an SQL expression of any type.
    Returns: an SQL condition that is never null.
    Example: {{ is_blank('source_row."category_id"') }}
#}
{% macro is_blank(expression) -%}
    coalesce({{ expression }}::text, '') ~ '^\s*$'
{%- endmacro %}
