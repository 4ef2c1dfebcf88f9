{#
    The column of its parent that a relationship references: the parent's key, unless the
    contract says otherwise.

    Arguments:
        relationship: a mapping with parent, and perhaps parent_column.
        alias: the alias of the parent in the query.
    Returns: an SQL expression, of the column's own type.
    Example: {{ parent_column(r, 'parent') }} -> parent."id"
#}
{% macro parent_column(relationship, alias) -%}
    {%- if relationship.get('parent_column') -%}
        {{ alias }}.{{ quoted(relationship['parent_column']) }}
    {%- else -%}
        {{ key_of(relationship['parent'], alias) }}
    {%- endif -%}
{%- endmacro %}
