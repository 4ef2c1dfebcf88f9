{{ config(
    enabled=contract_declares('integrity', 'references_to_deleted'),
    meta={'hides_rows': true},
) }}

{% for references in in_parts('references_to_deleted') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for reference in references %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(reference['name']) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    {{ key_of(reference['child'], 'child') }}::text as child_id,
    {{ shown_value(
        reference['child'], reference['columns'], key_columns(reference['columns'], 'child')
    ) }} as parent_id,
    {{ tenant_of(reference['child'], 'child') }} as tenant_id
from {{ child_rows(reference) }} as child
inner join {{ reference['deleted_rows'] }} as parent
    on {{ leads_to(reference, 'child', 'parent') }}
{% endfor %}
{% endfor %}
