{#
    Whether a value lies outside what the contract allows: its set, its range, its pattern.
    A null is outside unless the rule says `nullable: true`. Bounds are compared as numeric, which
    has a cast from money, and rounds a float as it is shown. NaN, which is above every number,
    and the infinities are in no range, though it has one end.

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
    {%- set least, greatest = rule.get('min'), rule.get('max') -%}
    {%- if least is not none or greatest is not none -%}
        {%- set below = " <= '-infinity'" if least is none else ' < ' ~ least -%}
        {%- set above = " >= 'infinity'" if greatest is none else ' > ' ~ greatest -%}
        {%- do broken.append(value ~ '::numeric' ~ below) -%}
        {%- do broken.append(value ~ '::numeric' ~ above) -%}
    {%- endif -%}
    {%- if rule.get('pattern') -%}
        {%- do broken.append(value ~ '::text !~ ' ~ text_literal(rule['pattern'])) -%}
    {%- endif -%}
    coalesce({{ broken | join(' or ') }}, false)
{%- endmacro %}
