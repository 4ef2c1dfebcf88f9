{{ config(
    enabled=contract_declares('integrity', 'required_values'),
    meta={'hides_rows': true},
) }}

{% for rules in in_parts('required_values') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['column']) }} as column_name,
    {{ key_of(rule['table'], own_row) }}::text as row_id,
    {{ tenant_of(rule['table'], own_row) }} as tenant_id
from {{ application_table(rule['table']) }} as {{ own_row }}
where
    {{ rule_applies(rule) }}
    and {{ is_blank(own_row ~ '.' ~ quoted(rule['column'])) }}
{% endfor %}
{% endfor %}
