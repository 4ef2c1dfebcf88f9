{#
    One of the lists that views unfold, in parts that touch 200 tables at most. A model says
    `next_part()` between them: of several, the materialization makes a view each.

    Arguments:
        list_name: the list's key in the derived contract's `unfolded`.
    Returns: a list of lists, at least one, which may be empty.
    Example: {% for rules in in_parts('business_keys') %} ... {% endfor %}
#}
{% macro in_parts(list_name) -%}
    {{ return(var('derived')['unfolded'][list_name] or [[]]) }}
{%- endmacro %}
