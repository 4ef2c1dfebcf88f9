{{ config(enabled=contract_declares('integrity', 'tables')) }}

{% for names in in_parts('tables_in_use') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

tables_in_use as (
    {% for table_name in names %}
    {% set table = var('contract')['tables'][table_name] %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(table_name) }} as table_name,
        count(*) as row_count,
        {{ newest_row_at(table, 'source_row') }} as newest_row_at,
        extract(
            epoch from {{ max_age(table) }}
        )::bigint as max_age_seconds,
        {{ table.get('max_shrink_percent', 'null') }}::numeric as max_shrink_percent,
        {% set is_missing = var('derived')['tables'][table_name]['missing'] is defined %}
        {{ "'does not exist'" if is_missing else "'has no rows'" }} as emptiness,
        {{ why_unjudged(var('derived')['tables'][table_name]) }} as unjudged_because
    from {{ application_table(table_name) }} as source_row  -- noqa: AL05
    {% endfor %}
),

-- An audit of a later instant says nothing of this one, which may be an older state.
compared as (
    select
        tables_in_use.*,
        floor(
            extract(epoch from {{ as_of() }} - tables_in_use.newest_row_at)
        )::bigint as age_seconds,
        last_audit.row_count as previous_row_count
    from tables_in_use
    left join lateral (
        select table_volumes.row_count
        from {{ source('history', 'table_volumes') }} as table_volumes
        inner join {{ source('history', 'audits') }} as audits
            on table_volumes.audit_number = audits.audit_number
        where
            table_volumes.database_name
            = {{ text_literal(var('contract')['database']) }}
            and table_volumes.table_name = tables_in_use.table_name
            and audits.snapshot_at <= {{ as_of() }}
        order by table_volumes.audit_number desc
        limit 1
    ) as last_audit on true
),

final as (
    select
        table_name,
        row_count,
        newest_row_at,
        age_seconds,
        max_age_seconds,
        previous_row_count,
        max_shrink_percent,
        (row_count = 0) as is_empty,
        emptiness,
        (
            row_count > 0
            and max_age_seconds is not null
            and (age_seconds is null or age_seconds > max_age_seconds)
        ) as is_stale,
        (
            -- A table that is empty is that, and not shrunken besides.
            row_count > 0
            and coalesce(
                row_count < previous_row_count * (1 - max_shrink_percent / 100),
                false
            )
        ) as is_shrunken,
        row_count - previous_row_count as row_count_change,
        unjudged_because,
        coalesce(
            'of ' || to_char(newest_row_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
            || ' UTC, ' || {{ duration('age_seconds') }} || ' old',
            'of no time up to now'
        )
        || '; allowed: ' || {{ duration('max_age_seconds') }} as staleness
    from compared
)

select * from final
{% endfor %}
