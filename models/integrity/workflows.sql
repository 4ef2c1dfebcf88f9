{{ config(enabled=contract_declares('integrity', 'workflow')) }}

{% for workflows in in_parts('workflow') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for workflow in workflows %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(workflow['name']) }} as rule,
    {{ text_literal(workflow['table']) }} as table_name,
    {{ text_literal(workflow['history_table']) }} as history_table,
    count(*) as row_count,
    count(*) filter (where judged.faults <> '') as breach_count,
    {{ why_unjudged(workflow) }} as unjudged_because
from ({{ workflow_rows(workflow) }}) as judged
{% endfor %}
{% endfor %}
