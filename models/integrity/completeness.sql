{{ config(enabled=contract_declares('integrity', 'required_values')) }}

{% for rules in in_parts('required_values') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['column']) }} as column_name,
    {{ text_literal(rule.get('where') or 'always') }} as required_when,
    count(*) as row_count,
    count(*) filter (
        where {{ is_blank(own_row ~ '.' ~ quoted(rule['column'])) }}
    ) as incomplete_row_count,
    {{ why_unjudged(rule) }} as unjudged_because
from {{ application_table(rule['table']) }} as {{ own_row }}
where {{ rule_applies(rule) }}
{% endfor %}
{% endfor %}
