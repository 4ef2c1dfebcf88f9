{#
    The column of its parent that a relationship references: the parent's key, unless the
    contract says otherwise.

    Arguments:
        relationship: one of the derived contract's.
        alias: the alias of the parent in the query.
    Returns: an SQL expression, of the column's own type.
    Example: {{ parent_column(r, 'parent') }} -> parent."id"
#}
{% macro parent_column(relationship, alias) -%}
    {{ key_columns(relationship['parent_key'], alias) }}
{%- endmacro %}
