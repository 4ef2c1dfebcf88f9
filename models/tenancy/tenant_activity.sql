{{ config(enabled=contract_declares('tenancy', 'overview')) }}

{% set rhythms = (var('derived')['unfolded']['rhythms'] or [[]])[0] %}
with

overview as (
    select
        tenant_id,
        tenant_label,
        sum(row_count)::bigint as row_count,
        coalesce(array_agg(
            table_name || ' ' || row_count order by row_count desc, table_name asc
        ) filter (where row_count > 0), '{}') as rows_by_table
    from {{ ref('tenant_overview') }}
    group by tenant_id, tenant_label
),

written as (
    {% for table_name in rhythms %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ tenant_of(table_name, 'source_row') }} as tenant_id,
        {{ newest_row_at(var('contract')['tables'][table_name], 'source_row') }}
            as newest_row_at
    from {{ application_table(table_name) }} as source_row
    group by {{ tenant_of(table_name, 'source_row') }}
    {% else %}
    select
        null::text as tenant_id,
        null::timestamptz as newest_row_at
    where false
    {% endfor %}
),

newest as (
    select
        tenant_id,
        max(newest_row_at) as newest_row_at
    from written
    group by tenant_id
),

final as (
    select
        overview.tenant_id,
        overview.tenant_label,
        overview.row_count,
        newest.newest_row_at,
        array_to_string(overview.rows_by_table[:5], ', ')
        || coalesce(
            ' and ' || nullif(greatest(cardinality(overview.rows_by_table) - 5, 0), 0)
            || ' more',
            ''
        ) as rows_by_table,
        case
            when overview.row_count = 0 and newest.newest_row_at is null then 'empty'
            {% if rhythms %}
            when newest.newest_row_at is null then 'new'
            when newest.newest_row_at >= {{ as_of() }} - interval '30 days' then 'active'
            else 'quiet'
            {% endif %}
        end as activity
    from overview
    left join newest on overview.tenant_id = newest.tenant_id
)

select * from final
