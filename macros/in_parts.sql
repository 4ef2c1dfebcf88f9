{#
    One of the lists that views unfold, in parts that touch 200 tables at most. A model says
    `next_part()` between them: of several, the materialization makes a view each. While dbt
    parses, it asks only what a model refers to, which the first of a list says for all.

    Arguments:
        list_name: the list's key in the derived contract's `unfolded`.
    Returns: a list of lists, at least one, which may be empty.
    Example: {% for rules in in_parts('business_keys') %} ... {% endfor %}
#}
{% macro in_parts(list_name) -%}
    {%- set parts = var('derived')['unfolded'][list_name] or [[]] -%}
    {{ return(parts if execute else [parts[0][:1]]) }}
{%- endmacro %}
