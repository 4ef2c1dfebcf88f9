{{ config(
    enabled=contract_declares('integrity', 'workflow'),
    meta={'hides_rows': true},
) }}

{% for workflows in in_parts('workflow') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for workflow in workflows %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(workflow['name']) }} as rule,
    {{ text_literal(workflow['table']) }} as table_name,
    {{ text_literal(workflow['history_table']) }} as history_table,
    judged.row_id::text as row_id,
    judged.tenant_id,
    judged.faults
from ({{ workflow_rows(workflow) }}) as judged
where judged.faults <> ''
{% endfor %}
{% endfor %}
