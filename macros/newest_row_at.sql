{#
    The instant of a table's newest row, for the column that its freshness is told by. A row
    dated in the future, or at infinity, would keep a dead table looking fresh: such rows do
    not count. What has no zone is compared with the clock of the contract's `timezone`, what
    counts since 1970 with the count: so nothing depends on the session's TimeZone.

    Arguments:
        table: the contract's table, a mapping that may have `freshness`.
        alias: the alias of that table in the query.
    Returns: an aggregate of type timestamptz; null if the contract declares no freshness.
    Example: {{ newest_row_at(table, 'source_row') }}
#}
{% macro newest_row_at(table, alias) -%}
    {%- set freshness = table.get('freshness') or {} -%}
    {%- if freshness -%}
        {%- set column = alias ~ '.' ~ quoted(freshness['column']) -%}
    {%- endif -%}
    {%- if freshness.get('unit') -%}
        {%- set a_second = 1000 if freshness['unit'] == 'milliseconds' else 1 -%}
        to_timestamp((max({{ column }}) filter (
            where {{ column }} between 0 and extract(epoch from {{ as_of() }}) * {{ a_second }}
        ))::double precision / {{ a_second }})
    {%- elif freshness.get('timezone') -%}
        {%- set zone = text_literal(freshness['timezone']) -%}
        (max({{ column }}) filter (
            where isfinite({{ column }}) and {{ column }} <= {{ as_of() }} at time zone {{ zone }}
        ))::timestamp at time zone {{ zone }}
    {%- elif freshness -%}
        (max({{ column }}) filter (
            where isfinite({{ column }}) and {{ column }} <= {{ as_of() }}
        ))::timestamptz
    {%- else -%}
        null::timestamptz
    {%- endif -%}
{%- endmacro %}
