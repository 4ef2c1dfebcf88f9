{#
    The bounds of a balance, as a message says them.

    Arguments:
        min: an SQL expression; null for no bound.
        max: likewise.
    Returns: an SQL expression of type text.
    Example: {{ ledger_range('min_amount', 'max_amount') }} -> at least 0
#}
{% macro ledger_range(min, max) -%}
case
    when {{ max }} is null then format('at least %s', {{ in_words(min) }})
    when {{ min }} is null then format('at most %s', {{ in_words(max) }})
    else format('%s to %s', {{ in_words(min) }}, {{ in_words(max) }})
end
{%- endmacro %}
