{{ config(
    enabled=contract_declares('tenancy', 'tenant_relationships'),
    meta={'hides_rows': true},
) }}

{% for relationships in in_parts('tenant_relationships') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for relationship in relationships %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(relationship['name']) }} as relationship,
    {{ text_literal(relationship['child']) }} as child_table,
    {{ text_literal(relationship['parent']) }} as parent_table,
    {{ key_of(relationship['child'], 'child') }}::text as child_id,
    {% if relationship['once'] -%}
    {{ key_of(relationship['parent'], 'parent') }}::text
    {%- else -%}
    {{ key_columns(relationship['parent_columns'], 'parent') }}::text
    {%- endif %} as parent_id,
    {{ tenant_of(relationship['child'], 'child') }} as tenant_id,
    {% if relationship['once'] -%}
    {{ tenant_of(relationship['parent'], 'parent') }}
    {%- else -%}
    array_to_string(parent.values_1, ', ')
    {%- endif %} as parent_tenant_id
from {{ child_rows(relationship) }} as child
inner join {{ parent_rows(relationship) }} as parent
    on {{ leads_to(relationship, 'child', 'parent') }}
where {{ rows_differ(relationship, relationship['compared'][0], 'child', 'parent') }}
{% endfor %}
{% endfor %}
