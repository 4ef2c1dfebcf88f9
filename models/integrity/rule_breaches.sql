{{ config(
    enabled=contract_declares('integrity', 'rules'),
    meta={'hides_rows': true},
) }}

{% for rules in in_parts('rules') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% set told = [] %}
{% for column in rule['observed'] %}
{% set value = shown_value(rule['table'], [column], own_row ~ '.' ~ quoted(column)) %}
{% do told.append(text_literal(('' if loop.first else ', ') ~ column ~ ' ')) %}
{% do told.append("coalesce(" ~ value ~ ", 'null')") %}
{% endfor %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ key_of(rule['table'], own_row) }}::text as row_id,
    {{ tenant_of(rule['table'], own_row) }} as tenant_id,
    concat({{ told | join(', ') or "''" }}) as observed_values
from {{ application_table(rule['table']) }} as {{ own_row }}
where {{ breaks_rule(rule) }}
{% endfor %}
{% endfor %}
