{{ config(enabled=contract_declares('tenancy', 'tenant_relationships')) }}

{% for relationships in in_parts('tenant_relationships') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

{% for scan, of_scan in relationships | groupby('scan') %}
{% set child = of_scan[0]['child'] %}
{{ scan }} as (
    select
        {% for relationship in of_scan %}
        count(*) filter (
            where
            {{ tenants_differ(
                child, 'child', relationship['parent'], relationship['alias']
            ) }}
        ) as {{ relationship['alias'] }}_leaked_row_count,
        {% endfor %}
        count(*) as row_count
    from {{ application_table(child) }} as child
    {% for relationship in of_scan %}
    {% set parent = relationship['alias'] %}
    left join {{ application_table(relationship['parent']) }} as {{ parent }}
        on
            child.{{ quoted(relationship['column']) }}
            = {{ parent_column(relationship, parent) }}
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
        {{ relationship['alias'] }}_leaked_row_count as leaked_row_count
    from {{ relationship['scan'] }}
    {% endfor %}
)

select * from final
{% endfor %}
