{#
    A contract's condition on the rows that a rule is about. A condition that is null for a
    row does not excuse it: only a plain false does.

    Arguments:
        rule: one of the derived contract's, which may have a `condition`, SQL over its table.
    Returns: an SQL condition.
    Example: where {{ rule_applies(rule) }} -> where (status <> 'cancelled') is not false
#}
{% macro rule_applies(rule) -%}
    {%- if rule['is_incomparable'] -%} false
    {%- elif rule.get('condition') -%} ({{ rule['condition'] }}) is not false {%- else -%} true {%- endif -%}
{%- endmacro %}
