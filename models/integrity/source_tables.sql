{{ config(enabled=contract_declares('integrity', 'tables')) }}

with

tables_in_use as (
    {% for table_name, table in (var('contract').get('tables') or {}).items()
        if table.get('in_use', false) %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(table_name) }} as table_name,
        count(*) as row_count,
        {{ newest_row_at(table, 'source_row') }} as newest_row_at,
        extract(
            epoch from {{ max_age(table) }}
        )::bigint as max_age_seconds
    from {{ application_table(table_name) }} as source_row  -- noqa: AL05
    {% endfor %}
),

aged as (
    select
        *,
        floor(
            extract(epoch from {{ as_of() }} - newest_row_at)
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
        (row_count = 0) as is_empty,
        (
            row_count > 0
            and max_age_seconds is not null
            and (age_seconds is null or age_seconds > max_age_seconds)
        ) as is_stale
    from aged
)

select * from final
