{#
    Columns of one relation, quoted and qualified, for a select or group by list.

    Arguments:
        alias: the relation's alias in the query.
        columns: a list of column names.
    Returns: the columns, comma-separated.
    Example: {{ quoted_columns('source_row', ['a', 'b']) }} -> source_row."a", source_row."b"
#}
{% macro quoted_columns(alias, columns) -%}
    {%- for column in columns -%}
        {{ alias }}.{{ quoted(column) }}
        {%- if not loop.last %}, {% endif -%}
    {%- endfor -%}
{%- endmacro %}
