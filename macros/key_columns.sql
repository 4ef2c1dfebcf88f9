{#
    The columns of a key as one value; of several columns, a JSON list.

    The name is quoted here and not by `quoted`: it is called for each table, often, and what
    dbt asks of a macro's call is most of a build of many tables.

    Arguments:
        columns: a list of column names.
        alias: the alias of their table in the query.
    Returns: an SQL expression, of the one column's own type.
    Example: {{ key_columns(['id'], 'child') }} -> child."id"
#}
{% macro key_columns(columns, alias) -%}
    {%- if columns | length == 1 -%}
        {{ alias }}."{{ columns[0] | replace('"', '""') }}"
    {%- else -%}
        jsonb_build_array({{ quoted_columns(alias, columns) }})
    {%- endif -%}
{%- endmacro %}
