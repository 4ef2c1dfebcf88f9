{#
    Unfolds one of the derived contract's lists, in parts that touch 200 tables at most. One
    part is as it stands; of several, the materialization makes a view each.

    Arguments:
        list_name: the list's key in `unfolded`.
        caller: a select of the rows that a part of the list comes to.
    Returns: the select of the one part, or of all of them.
    Example: {% call(rules) in_parts('business_keys') %} ... {% endcall %}
#}
{% macro in_parts(list_name) -%}
    {%- set parts = var('derived')['unfolded'][list_name] or [[]] -%}
    {%- for part in parts -%}
        {%- if not loop.first %}{{ next_part() }}{% endif -%}
        {%- if parts | length > 1 %}({% endif -%}
        {{ caller(part) }}
        {%- if parts | length > 1 %}){% endif -%}
    {%- endfor -%}
{%- endmacro %}
