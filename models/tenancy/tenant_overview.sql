{{ config(enabled=contract_declares('tenancy', 'overview')) }}

{% for table_name in (var('derived')['unfolded']['overview'] or [[]])[0] %}
{% set tenants = contract_part('tenant.table') %}
{% set label = contract_part('tenant.label') %}
select
    {{ tenant_of(tenants, 'tenants') }} as tenant_id,
    {{ 'tenants.' ~ quoted(label) ~ '::text' if label else tenant_of(tenants, 'tenants') }}
        as tenant_label,
    {{ text_literal(table_name) }}::text as table_name,
    coalesce(counted.row_count, 0) as row_count
from {{ application_table(tenants) }} as tenants
left join (
    select
        {{ tenant_of(table_name, 'source_row') }} as tenant_id,
        count(*) as row_count
    from {{ application_table(table_name) }} as source_row
    group by {{ tenant_of(table_name, 'source_row') }}
) as counted on {{ tenant_of(tenants, 'tenants') }} = counted.tenant_id
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
