{{ config(
    enabled=contract_declares('tenancy', 'tenant_tables'),
    meta={'hides_rows': true},
) }}

{% for names in in_parts('tenant_tables') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for table_name in names %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(table_name) }} as table_name,
    {{ key_of(table_name, 'source_row') }}::text as row_id
from {{ application_table(table_name) }} as source_row
where {{ lacks_tenant(table_name, 'source_row') }}
{% endfor %}
{% endfor %}
