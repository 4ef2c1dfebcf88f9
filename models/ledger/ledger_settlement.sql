{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}

{#
    A transaction's entries are dated by its start, and seen once it commits: a day is settled
    when none that began on it can be open. Sessions whose start the role may not see are what
    the lag is for.
#}
{% set database_name = text_literal(var('contract')['database']) %}

with

oldest as (
    select
        (
            select min(xact_start)
            from pg_catalog.pg_stat_activity
            where
                datname = current_database()
                and backend_type = 'client backend'
                and pid <> pg_backend_pid()
        ) as transaction_at,
        (
            select min(prepared)
            from pg_catalog.pg_prepared_xacts
            where database = current_database()
        ) as prepared_at
),

blocks as (
    {% for ledger, block in ledger_parts('blocks', 'closes') -%}
    select
        {{ ledger.name }}::text as ledger,
        {{ block.name }}::text as entries,
        {{ ledger.days_close_after }} as lag
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select
    blocks.ledger,
    blocks.entries,
    (
        select closed_through.day
        from {{ source('history', 'closed_through') }} as closed_through
        where
            closed_through.database_name = {{ database_name }}
            and closed_through.ledger = blocks.ledger
            and closed_through.entries = blocks.entries
            and closed_through.closed_at <= {{ as_of() }}
    ) as closed_through,
    closed_days.day_count as closed_day_count,
    closed_days.unhashed_day_count,
    (
        least({{ as_of() }} - blocks.lag, oldest.transaction_at, oldest.prepared_at)
        at time zone 'UTC'
    )::date - 1 as settled_through
from blocks
cross join oldest
cross join lateral (
    select
        count(*) as day_count,
        count(*) filter (where kept.entries_hash is null) as unhashed_day_count
    from {{ source('history', 'closed_days') }} as kept
    where
        kept.database_name = {{ database_name }}
        and kept.ledger = blocks.ledger
        and kept.entries = blocks.entries
) as closed_days
