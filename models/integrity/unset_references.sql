{{ config(
    enabled=contract_declares('integrity', 'references'),
    meta={'hides_rows': true},
) }}

{% for references in in_parts('references') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for reference in references %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(reference['name']) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    {{ key_of(reference['child'], 'child') }}::text as child_id,
    {{ tenant_of(reference['child'], 'child') }} as tenant_id
from {{ child_rows(reference) }} as child
where
    {{ reference['required'] | string | lower }}
    and {{ is_unset(reference, 'child') }}
{% endfor %}
{% endfor %}
