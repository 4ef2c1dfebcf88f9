{#
    Whether a value lies outside what the contract allows: its set, its range, its pattern.
    A null is outside unless the rule says `nullable: true`.

    Arguments:
        rule: a mapping with column and any of values, min, max, pattern, nullable.
        alias: the alias of the rule's table in the query.
    Returns: an SQL condition that is never null.
    Example: {{ is_disallowed(rule, 'source_row') }}
#}
{% macro is_disallowed(rule, alias) -%}
    {%- set value = alias ~ '.' ~ quoted(rule['column']) -%}
    {%- set broken = [value ~ ' is null'] if not rule.get('nullable', false) else [] -%}
    {%- if rule.get('values') -%}
        {%- do broken.append(value ~ '::text not in (' ~ text_list(rule['values']) ~ ')') -%}
    {%- endif -%}
    {%- if rule.get('min') is not none -%}
        {%- do broken.append(value ~ ' < ' ~ rule['min']) -%}
    {%- endif -%}
    {%- if rule.get('max') is not none -%}
        {%- do broken.append(value ~ ' > ' ~ rule['max']) -%}
    {%- endif -%}
    {%- if rule.get('pattern') -%}
        {%- do broken.append(value ~ '::text !~ ' ~ text_literal(rule['pattern'])) -%}
    {%- endif -%}
    coalesce({{ broken | join(' or ') }}, false)
{%- endmacro %}
