{{ config(enabled=contract_declares('tenancy', 'tenant_tables')) }}

{% for names in in_parts('tenant_tables') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for table_name in names %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(table_name) }} as table_name,
    count(*) as row_count,
    count(*) filter (
        where {{ lacks_tenant(table_name, 'source_row') }}
    ) as tenantless_row_count
from {{ application_table(table_name) }} as source_row
{% endfor %}
{% endfor %}
