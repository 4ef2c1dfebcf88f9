{{ config(enabled=contract_declares('tenancy', 'tenant_relationships')) }}

{% for relationships in in_parts('tenant_relationships') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

{% for scan, of_scan in relationships | groupby('scan') %}
{{ scan }} as (
    select
        {% for relationship in of_scan %}
        {% set tenants, parent = relationship['compared'][0], relationship['alias'] %}
        count(*) filter (
            where {{ rows_differ(relationship, tenants, 'child', parent) }}
        ) as {{ parent }}_leaked_row_count,
        {% endfor %}
        count(*) as row_count
    from {{ child_rows(of_scan[0]) }} as child
    {% for relationship in of_scan %}
    left join {{ parent_rows(relationship) }} as {{ relationship['alias'] }}
        on {{ leads_to(relationship, 'child', relationship['alias']) }}
    {% endfor %}
),

{% endfor %}

final as (
    {% for relationship in relationships %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(relationship['name']) }} as relationship,
        {{ text_literal(relationship['child']) }} as child_table,
        {{ text_literal(relationship['parent']) }} as parent_table,
        row_count,
        {{ relationship['alias'] }}_leaked_row_count as leaked_row_count,
        {{ why_unjudged(relationship) }} as unjudged_because
    from {{ relationship['scan'] }}
    {% endfor %}
)

select * from final
{% endfor %}
