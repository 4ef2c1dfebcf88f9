{{ config(
    enabled=contract_declares('integrity', 'paths'),
    meta={'hides_rows': true},
) }}

{% for references in in_parts('references_of_paths') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for reference in references %}
{% set of_reference = loop %}
{% for pair in reference['compared'] %}
{% if not (of_reference.first and loop.first) %}union all{% endif %}
select
    {{ text_literal(pair['name']) }} as rule,
    {{ text_literal(reference['name']) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    {{ text_literal(pair['column']) }} as column_name,
    {{ key_of(reference['child'], 'child') }}::text as child_id,
    {{ key_columns(reference['columns'], 'child') }}::text as parent_id,
    {{ tenant_of(reference['child'], 'child') }} as tenant_id
from {{ child_rows(reference) }} as child
inner join {{ parent_rows(reference) }} as parent
    on {{ leads_to(reference, 'child', 'parent') }}
where {{ rows_differ(reference, pair, 'child', 'parent') }}
{% endfor %}
{% endfor %}
{% endfor %}
