{{ config(enabled=contract_declares('integrity', 'business_keys')) }}

{% for rules in in_parts('business_keys') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for rule in rules %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(rule['name']) }} as rule,
    {{ text_literal(rule['table']) }} as table_name,
    {{ text_literal(rule['columns'] | join(', ')) }} as key_columns,
    coalesce(sum(key_values.row_count), 0)::bigint as row_count,
    count(*) filter (where key_values.row_count > 1) as duplicate_group_count
from (
    select count(*) as row_count
    from {{ application_table(rule['table']) }} as source_row
    where {{ rule_applies(rule) }}
    group by {{ quoted_columns('source_row', rule['columns']) }}
) as key_values
{% endfor %}
{% endfor %}
