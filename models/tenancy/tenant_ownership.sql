{{ config(
    enabled=contract_declares('tenancy') and var('derived')['unfolded']['tenant_tables'] | length > 0
) }}

{% call(names) in_parts('tenant_tables') %}
{% for table_name in names %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(table_name) }} as table_name,
    count(*) as row_count,
    count(*) filter (
        where {{ tenant_of(table_name, 'source_row') }} is null
    ) as tenantless_row_count
from {{ application_table(table_name) }} as source_row
{% endfor %}
{% endcall %}
