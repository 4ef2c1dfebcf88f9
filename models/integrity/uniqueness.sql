{{ config(enabled=contract_declares('integrity', 'unique_keys')) }}

{% set groups = 'count(*) filter (where key_values.row_count > 1)' %}
{% for rules in in_parts('unique_keys') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% set own_row = own_name(rule['table']) %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['columns'] | join(', ')) }} as key_columns,
    coalesce(sum(key_values.row_count), 0)::bigint as row_count,
    {{ '0::bigint' if rule['is_key'] else groups }} as duplicate_group_count,
    {{ groups if rule['is_key'] else '0::bigint' }} as duplicate_key_count,
    {{ why_unjudged({} if rule['is_key'] else rule) }} as unjudged_because,
    {{ why_unjudged(rule if rule['is_key'] else {}) }} as unjudged_key_because
from (
    select count(*) as row_count
    from {{ application_table(rule['table']) }} as {{ own_row }}
    where {{ rule_applies(rule) }}
    group by {{ key_group(rule, own_row) }}
) as key_values
{% endfor %}
{% endfor %}
