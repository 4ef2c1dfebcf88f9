{{ config(enabled=contract_declares('integrity', 'rules')) }}

{% for rules in in_parts('rules') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    count(*) filter (where {{ rule_applies(rule) }}) as row_count,
    count(*) filter (where {{ breaks_rule(rule) }}) as breach_count,
    {{ why_unjudged(rule) }} as unjudged_because
from {{ application_table(rule['table']) }} as {{ own_name(rule['table']) }}
{% endfor %}
{% endfor %}
