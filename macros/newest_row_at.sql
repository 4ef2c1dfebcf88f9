{#
    The instant of a table's newest row, for the column that its freshness is told by. A row
    dated in the future, or at infinity, would keep a dead table looking fresh: such rows do
    not count.

    Arguments:
        table: the contract's table, a mapping that may have `freshness`.
        alias: the alias of that table in the query.
    Returns: an aggregate of type timestamptz; null if the contract declares no freshness.
    Example: {{ newest_row_at(table, 'source_row') }}
#}
{% macro newest_row_at(table, alias) -%}
    {%- if table.get('freshness') -%}
        {%- set instant = alias ~ '.' ~ quoted(table['freshness']['column']) -%}
        (max({{ instant }}) filter (
            where isfinite({{ instant }}) and {{ instant }} <= {{ as_of() }}
        ))::timestamptz
    {%- else -%}
        null::timestamptz
    {%- endif -%}
{%- endmacro %}
