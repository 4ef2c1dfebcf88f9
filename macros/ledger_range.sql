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
    when {{ max }} is null then format('at least %s', {{ min }})
    when {{ min }} is null then format('at most %s', {{ max }})
    else format('%s to %s', {{ min }}, {{ max }})
end
{%- endmacro %}
