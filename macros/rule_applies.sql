{#
    A contract's condition on the rows that a rule is about. A condition that is null for a
    row does not excuse it: only a plain false does.

    Arguments:
        rule: a mapping that may have `where`, SQL over the rule's table.
    Returns: an SQL condition.
    Example: where {{ rule_applies(rule) }} -> where (status <> 'cancelled') is not false
#}
{% macro rule_applies(rule) -%}
    {%- if rule['is_incomparable'] -%} false
    {%- elif rule.get('where') -%} ({{ rule['where'] }}) is not false {%- else -%} true {%- endif -%}
{%- endmacro %}
