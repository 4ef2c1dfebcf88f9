{#
    A contract's word as an SQL literal: names and conditions may hold quotes.

    Arguments:
        word: any value that prints as text.
    Returns: an SQL expression of type text.
    Example: {{ text_literal("status = 'x'") }} -> 'status = ''x'''::text
#}
{% macro text_literal(word) -%}
    '{{ word | string | replace("'", "''") }}'::text
{%- endmacro %}
