{#
    The rows of a child that a reference is about: all of the table, or those of its condition.

    Arguments:
        reference: one of the derived contract's.
    Returns: a relation, or a subquery, for `from`.
    Example: from {{ child_rows(reference) }} as child
#}
{% macro child_rows(reference) -%}
    {{ reference['rows'] or var('derived')['tables'][reference['child']]['relation'] }}
{%- endmacro %}
