{{ config(enabled=contract_declares('integrity', 'allowed_values')) }}

{% for rules in in_parts('allowed_values') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['column']) }} as column_name,
    count(*) as row_count,
    count(*) filter (
        where {{ is_disallowed(rule, own_row) }}
    ) as invalid_row_count,
    {{ why_unjudged(rule) }} as unjudged_because
from {{ application_table(rule['table']) }} as {{ own_row }}
where {{ rule_applies(rule) }}
{% endfor %}
{% endfor %}
