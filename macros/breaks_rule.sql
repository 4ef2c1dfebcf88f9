{#
    Whether a rule of the contract is about a row, and does not hold for it. What is null does
    not hold.

    Arguments:
        rule: one of the derived contract's `rules`.
    Returns: an SQL condition that is never null.
    Example: where {{ breaks_rule(rule) }}
        -> where (status = 'paid') is not false and (paid_at is not null) is not true
#}
{% macro breaks_rule(rule) -%}
    {%- if rule['is_incomparable'] -%} false
    {%- else -%} {{ rule_applies(rule) }} and ({{ rule['holds'] }}) is not true
    {%- endif -%}
{%- endmacro %}
