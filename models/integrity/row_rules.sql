{{ config(enabled=contract_declares('integrity', 'rules')) }}

{% for rules in in_parts('rules') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

-- One pass of a table is for all of its rules.
{% for table_name, of_table in rules | groupby('table') %}
scan_{{ loop.index }} as (
    select
        {% for rule in of_table %}
        count(*) filter (where {{ rule_applies(rule) }}) as row_count_{{ loop.index }},
        count(*) filter (where {{ breaks_rule(rule) }}) as breach_count_{{ loop.index }},
        {% endfor %}
        count(*) as row_count
    from {{ application_table(table_name) }} as {{ own_name(table_name) }}
),

{% endfor %}

final as (
    {% for table_name, of_table in rules | groupby('table') %}
    {% set scan = loop %}
    {% for rule in of_table %}
    {% if not (scan.first and loop.first) %}union all{% endif %}
    select
        {{ text_literal(rule['name']) }} as rule,
        {{ text_literal(table_name) }} as table_name,
        row_count_{{ loop.index }} as row_count,
        breach_count_{{ loop.index }} as breach_count,
        {{ why_unjudged(rule) }} as unjudged_because
    from scan_{{ scan.index }}
    {% endfor %}
    {% endfor %}
)

select * from final
{% endfor %}
