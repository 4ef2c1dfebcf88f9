{{ config(enabled=contract_declares('ledger', 'ledgers.holds')) }}

{% for ledger, holds in ledger_parts('holds') %}
select
    {{ ledger.name }}::text as ledger,
    {{ holds.label_of }}::text as holds,
    statuses.hold_status,
    statuses.is_owed,
    coalesce(counts.hold_count, 0) as hold_count
from (
    select
        hold_status,
        count(*) as hold_count
    from {{ ledger_hold_keys(ledger, holds) }} as held
    where is_audited
    group by hold_status
) as counts
full join (
    values
    {% for owed in holds.owes -%}
    ({{ owed.status }}){{ ',' if not loop.last }}
    {% endfor -%}
) as declared (hold_status) on counts.hold_status = declared.hold_status
cross join lateral (
    select
        coalesce(counts.hold_status, declared.hold_status) as hold_status,
        declared.hold_status is not null as is_owed
) as statuses
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
