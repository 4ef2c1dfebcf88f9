{#
    The stable name of a relationship, which findings are keyed by: the child's table and
    column. A child column references one parent, so it needs no more.

    Arguments:
        relationship: a mapping with child and column.
    Returns: an SQL expression of type text.
    Example: {{ relationship_name(r) }} -> 'reservations.studio_id'::text
#}
{% macro relationship_name(relationship) -%}
    {{ text_literal(relationship['child'] ~ '.' ~ relationship['column']) }}
{%- endmacro %}
