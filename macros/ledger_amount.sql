{#
    An amount as every view of the pack has it: of one type, and of a numeric no zeros that only
    its column's scale adds.

    Arguments:
        amount: an SQL expression.
    Returns: an SQL expression.
    Example: {{ ledger_amount('hold_rows.taken_amount') }} as taken_amount
#}
{% macro ledger_amount(amount) -%}
{%- if ledger_type('amount') == 'numeric' -%}
{{ in_words(amount) }}
{%- else -%}
({{ amount }})::{{ ledger_type('amount') }}
{%- endif -%}
{%- endmacro %}
