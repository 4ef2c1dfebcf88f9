{{ config(enabled=contract_declares('ledger', 'ledgers.holds')) }}

{% for ledger, holds in ledger_parts('holds') %}
select
    {{ ledger.name }}::text as ledger,
    {{ holds.label_of }}::text as holds,
    hold_status,
    bool_or(is_owed) as is_owed,
    count(*) filter (where is_hold) as hold_count
from (
    select
        hold_status,
        is_listed as is_owed,
        true as is_hold
    from {{ ledger_hold_keys(ledger, holds) }} as held
    where is_audited
    {% for owed in holds.owes -%}
    union all
    select
        {{ owed.status }} as hold_status,
        true as is_owed,
        false as is_hold
    {% endfor -%}
) as statuses
group by hold_status
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
