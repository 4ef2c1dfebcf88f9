{{ config(
    enabled=contract_declares('integrity', 'allowed_values'),
    meta={'hides_rows': true},
) }}

{% for rules in in_parts('allowed_values') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set pii = var('contract')['tables'][rule['table']].get('pii') or [] %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['column']) }} as column_name,
    {{ key_of(rule['table'], 'source_row') }}::text as row_id,
    {{ tenant_of(rule['table'], 'source_row') }} as tenant_id,
    {% if rule['column'] in pii -%}
    '(withheld: personal)' as disallowed_value
    {%- else -%}
    left(source_row.{{ quoted(rule['column']) }}::text, 100) as disallowed_value
    {%- endif %}
from {{ application_table(rule['table']) }} as source_row
where {{ is_disallowed(rule, 'source_row') }}
{% endfor %}
{% endfor %}
