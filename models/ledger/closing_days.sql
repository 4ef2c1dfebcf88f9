{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}


with

-- As instants: an index on the entries' time can serve them. Days that were closed without
-- their hash are closed again.
settlement as (
    select
        ledger,
        entries,
        (settled_through + 1)::timestamp at time zone 'UTC' as ends_at,
        case
            when closed_through is null or unhashed_day_count > 0
                then '-infinity'::timestamptz
            else (closed_through + 1)::timestamp at time zone 'UTC'
        end as begins_at
    from {{ ref('ledger_settlement') }}
)

{% for ledger, block in ledger_parts('blocks', 'closes') %}
{% set of_block = 'from settlement where ledger = ' ~ ledger.name
    ~ ' and entries = ' ~ block.name %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    day,
    account,
    entry_count,
    {{ ledger_amount('entries_amount') }} as entries_amount,
    entries_hash
from {{ ledger_days(
    ledger,
    block,
    'entries.happened_at >= (select begins_at ' ~ of_block
    ~ ') and entries.happened_at < (select ends_at ' ~ of_block ~ ')'
) }} as days
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
