{{ config(enabled=contract_declares('tenancy', 'tenant_relationships')) }}

{% for relationships in in_parts('tenant_relationships') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for relationship in relationships %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(relationship['name']) }} as relationship,
    {{ text_literal(relationship['child']) }} as child_table,
    {{ text_literal(relationship['parent']) }} as parent_table,
    {{ key_of(relationship['child'], 'child') }}::text as child_id,
    {{ key_of(relationship['parent'], 'parent') }}::text as parent_id,
    {{ tenant_of(relationship['child'], 'child') }} as tenant_id,
    {{ tenant_of(relationship['parent'], 'parent') }} as parent_tenant_id
from {{ application_table(relationship['child']) }} as child
inner join {{ application_table(relationship['parent']) }} as parent
    on
        child.{{ quoted(relationship['column']) }}
        = {{ parent_column(relationship, 'parent') }}
where
    {{ tenants_differ(
        relationship['child'], 'child', relationship['parent'], 'parent'
    ) }}
{% endfor %}
{% endfor %}
