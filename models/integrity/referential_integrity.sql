{{ config(enabled=contract_declares('integrity', 'references')) }}

{% for references in in_parts('references') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

{% for scan, of_scan in references | groupby('scan') %}
{{ scan }} as (
    select
        {% for reference in of_scan %}
        {% set parent = reference['alias'] %}
        {% if reference['is_plain'] %}
        count(child.{{ quoted(reference['columns'][0]) }})
            as {{ parent }}_set_row_count,
        {% else %}
        count(*) filter (where {{ is_set(reference, 'child') }})
            as {{ parent }}_set_row_count,
        count(*) filter (where {{ is_unset(reference, 'child') }})
            as {{ parent }}_unset_row_count,
        count(*) filter (where {{ is_half_set(reference, 'child') }})
            as {{ parent }}_half_set_row_count,
        {% endif %}
        count({{ parent }}.{{ quoted(reference['parent_columns'][0]) }})
            as {{ parent }}_resolved_row_count,
        {% for pair in reference['compared'] %}
        count(*) filter (where {{ rows_differ(reference, pair, 'child', parent) }})
            as {{ parent }}_disagreeing_row_count_{{ loop.index }},
        {% endfor %}
        {% endfor %}
        count(*) as row_count
    from {{ child_rows(of_scan[0]) }} as child
    {% for reference in of_scan %}
    left join {{ parent_rows(reference) }} as {{ reference['alias'] }}
        on {{ leads_to(reference, 'child', reference['alias']) }}
    {% endfor %}
),

{% endfor %}

final as (
    {% for reference in references %}
    {% set parent = reference['alias'] %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ text_literal(reference['name']) }} as relationship,
        {{ text_literal(reference['child']) }} as child_table,
        {% if reference['type_column'] is defined -%}
        'any other type'::text
        {%- else -%}
        {{ text_literal(reference['parent']) }}
        {%- endif %} as parent_table,
        {{ reference['required'] | string | lower }} as is_required,
        row_count,
        {{ parent }}_set_row_count - {{ parent }}_resolved_row_count
            as orphaned_row_count,
        {% if not reference['required'] -%}
        0::bigint
        {%- elif reference['is_plain'] -%}
        row_count - {{ parent }}_set_row_count
        {%- else -%}
        {{ parent }}_unset_row_count
        {%- endif %} as unset_row_count,
        {% if reference['is_plain'] -%}
        0::bigint
        {%- else -%}
        {{ parent }}_half_set_row_count
        {%- endif %} as half_set_row_count,
        0::bigint
        {%- for _ in reference['compared'] %}
        + {{ parent }}_disagreeing_row_count_{{ loop.index }}
        {%- endfor %} as disagreeing_row_count,
        {{ why_unjudged(reference) }} as unjudged_because
    from {{ reference['scan'] }}
    {% endfor %}
)

select * from final
{% endfor %}
