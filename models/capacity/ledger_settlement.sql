{{ config(enabled=contract_declares('capacity')) }}

{#
    A transaction's entries are dated by its start, and seen once it commits: a day is settled
    when none that began on it can be open. Sessions whose start the role may not see are what
    the lag is for.
#}
{% set capacity = var('contract').get('capacity') or {} %}
{% set lag = text_literal(capacity.get('days_close_after', '24 hours')) %}
{% set database_name = text_literal(var('contract')['database']) %}

with

oldest_transaction as (
    select min(xact_start) as started_at
    from pg_catalog.pg_stat_activity
    where
        datname = current_database()
        and backend_type = 'client backend'
        and pid <> pg_backend_pid()
),

oldest_prepared as (
    select min(prepared) as started_at
    from pg_catalog.pg_prepared_xacts
    where database = current_database()
),

final as (
    select
        {{ database_name }} as database_name,
        (
            select closed_through.day
            from {{ source('history', 'closed_through') }} as closed_through
            where
                closed_through.database_name = {{ database_name }}
                and closed_through.closed_at <= {{ as_of() }}
        ) as closed_through,
        (
            select count(*)
            from {{ ref('standing_statements') }}
        ) as stated_change_count,
        (
            select count(*)
            from {{ source('history', 'closed_days') }} as closed_days
            where
                closed_days.database_name = {{ database_name }}
                and closed_days.entries_hash is null
        ) as unhashed_day_count,
        (least(
            {{ as_of() }} - {{ lag }}::interval,
            oldest_transaction.started_at,
            oldest_prepared.started_at
        ) at time zone 'UTC')::date - 1 as settled_through
    from oldest_transaction
    cross join oldest_prepared
)

select * from final
