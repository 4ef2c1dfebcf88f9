{#
    An amount as a sentence says it: of a numeric no zeros that only its type adds.

    Arguments:
        amount: an SQL expression.
    Returns: an SQL expression.
    Example: format('%s tokens', {{ in_words('amount') }})
#}
{% macro in_words(amount) -%}
trim_scale(({{ amount }})::numeric)
{%- endmacro %}
