{#
    Whether a value is null, empty or nothing but characters that show nothing: white space,
    and what has no width.

    Arguments:
        expression: an SQL expression of any type.
    Returns: an SQL condition that is never null.
    Example: {{ is_blank('source_row."order_id"') }}
#}
{% macro is_blank(expression) -%}
    coalesce({{ expression }}::text, '')
    ~ (select blank_text.pattern from {{ ref('blank_text') }} as blank_text)
{%- endmacro %}
