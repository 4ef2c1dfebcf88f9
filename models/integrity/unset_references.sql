{{ config(enabled=contract_declares('integrity') and references() | length > 0) }}

{% for reference in references() %}
{% if not loop.first %}union all{% endif %}
select
    {{ relationship_name(reference) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    {{ key_of(reference['child'], 'child') }}::text as child_id,
    {{ tenant_of(reference['child'], 'child') }} as tenant_id
from {{ application_table(reference['child']) }} as child
where
    {{ reference.get('required', false) | string | lower }}
    and child.{{ quoted(reference['column']) }} is null
{% endfor %}
