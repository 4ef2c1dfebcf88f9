{{ config(enabled=contract_declares('tenancy', 'overview')) }}

with

per_tenant as (
    select
        tenant_id,
        tenant_label,
        sum(row_count)::bigint as row_count,
        min(oldest_row_at) as oldest_row_at,
        max(newest_row_at) as newest_row_at,
        coalesce(array_agg(
            table_name || ' ' || row_count order by row_count desc, table_name asc
        ) filter (where row_count > 0), '{}') as rows_by_table,
        {{ as_of() }} - interval '30 days' as lately
    from {{ ref('tenant_overview') }}
    group by tenant_id, tenant_label
),

final as (
    select
        tenant_id,
        tenant_label,
        row_count,
        oldest_row_at,
        newest_row_at,
        array_to_string(rows_by_table[:5], ', ')
        || coalesce(
            ' and ' || nullif(greatest(cardinality(rows_by_table) - 5, 0), 0) || ' more', ''
        ) as rows_by_table,
        case
            when row_count = 0 then 'empty'
            when oldest_row_at >= lately then 'new'
            when newest_row_at >= lately then 'active'
            when newest_row_at < lately then 'quiet'
        end as activity
    from per_tenant
)

select * from final
