{{ config(
    enabled=contract_declares('integrity', 'unique_keys'),
    meta={'hides_rows': true},
) }}

{% for rules in in_parts('unique_keys') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['columns'] | join(', ')) }} as key_columns,
    (
        array_agg(
            {{ key_of(rule['table'], own_row) }}::text
            order by {{ key_of(rule['table'], own_row) }}
        )
    )[1] as least_row_id,
    min({{ tenant_of(rule['table'], own_row) }}) as tenant_id,
    count(*) as duplicate_row_count,
    -- One of them is rightly there.
    count(*) - 1 as surplus_row_count,
    {{ (rule['is_key'] is defined) | string | lower }} as is_key
from {{ application_table(rule['table']) }} as {{ own_row }}
where {{ rule_applies(rule) }}
group by {{ key_group(rule, own_row) }}
having count(*) > 1
{% endfor %}
{% endfor %}
