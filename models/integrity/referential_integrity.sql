{{ config(enabled=contract_declares('integrity', 'references')) }}

{% for references in in_parts('references') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

{% for scan, of_scan in references | groupby('scan') %}
{{ scan }} as (
    select
        {% for reference in of_scan %}
        count(child.{{ quoted(reference['column']) }})
            as {{ reference['alias'] }}_set_row_count,
        count({{ parent_column(reference, reference['alias']) }})
            as {{ reference['alias'] }}_resolved_row_count,
        {% endfor %}
        count(*) as row_count
    from {{ application_table(of_scan[0]['child']) }} as child
    {% for reference in of_scan %}
    left join {{ application_table(reference['parent']) }} as {{ reference['alias'] }}
        on
            child.{{ quoted(reference['column']) }}
            = {{ parent_column(reference, reference['alias']) }}
    {% endfor %}
),

{% endfor %}

final as (
    {% for reference in references %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(reference['name']) }} as relationship,
        {{ text_literal(reference['child']) }} as child_table,
        {{ text_literal(reference['parent']) }} as parent_table,
        {{ reference['required'] | string | lower }} as is_required,
        row_count,
        {{ reference['alias'] }}_set_row_count
        - {{ reference['alias'] }}_resolved_row_count as orphaned_row_count,
        {% if reference['required'] -%}
        row_count - {{ reference['alias'] }}_set_row_count
        {%- else -%}
        0::bigint
        {%- endif %} as unset_row_count
    from {{ reference['scan'] }}
    {% endfor %}
)

select * from final
{% endfor %}
