{{ config(enabled=contract_declares('integrity', 'tables')) }}

with

{# A row dated in the future, or at infinity, would keep a dead table looking fresh. #}
tables_in_use as (
    {% for table_name, table in (var('contract').get('tables') or {}).items()
        if table.get('in_use', false) %}
    {% set freshness = table.get('freshness') %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(table_name) }} as table_name,
        count(*) as row_count,
        {% if freshness -%}
        max(source_row.{{ adapter.quote(freshness['column']) }}) filter (
            where
            isfinite(source_row.{{ adapter.quote(freshness['column']) }})
            and source_row.{{ adapter.quote(freshness['column']) }} <= {{ as_of() }}
        )::timestamptz as newest_row_at,
        extract(
            epoch from {{ text_literal(freshness['max_age']) }}::interval
        )::bigint as max_age_seconds
        {%- else -%}
        null::timestamptz as newest_row_at,
        null::bigint as max_age_seconds
        {%- endif %}
    from {{ application_table(table_name) }} as source_row
    {% endfor %}
),

aged as (
    select
        tables_in_use.*,
        floor(
            extract(epoch from {{ as_of() }} - tables_in_use.newest_row_at)
        )::bigint as age_seconds
    from tables_in_use
),

final as (
    select
        table_name,
        row_count,
        newest_row_at,
        age_seconds,
        max_age_seconds,
        row_count = 0 as is_empty,
        row_count > 0
        and max_age_seconds is not null
        and (age_seconds is null or age_seconds > max_age_seconds) as is_stale
    from aged
)

select * from final
