{{ config(enabled=contract_declares('health')) }}

-- One row per measure. One that the role may not see, or the server does not have, is null.
with

-- Of another role's session only members of pg_read_all_stats see more than that it is.
activity as (
    select
        activity.backend_type,
        activity.client_addr,
        activity.application_name,
        tls.ssl,
        extract(epoch from clock_timestamp() - activity.xact_start)
            as transaction_seconds
    from pg_catalog.pg_stat_activity as activity
    left join pg_catalog.pg_stat_ssl as tls on activity.pid = tls.pid
    where activity.datid is not null
),

sessions as (
    select
        bool_or(backend_type is null) as are_hidden,
        floor(
            max(transaction_seconds) filter (where application_name <> 'counterfoil')
        ) as longest_transaction_seconds,
        count(*) filter (where client_addr is not null and not ssl)
            as unencrypted_count,
        case
            when bool_or(backend_type is null)
                then 'not shown to this role: grant it pg_read_all_stats'
            else 'the longest open transaction, of any session but the audit''s own'
        end as transactions,
        case
            when bool_or(backend_type is null)
                then 'not shown to this role: grant it pg_read_all_stats'
            else 'sessions over the network without TLS'
        end as encryption
    from activity
),

measures as (
    select
        'connections_used_percent' as measure,
        round(
            100 * sum(numbackends)::numeric / current_setting('max_connections')::int, 1
        ) as measured,
        format(
            '%s of %s connections', sum(numbackends), current_setting('max_connections')
        ) as detail
    from pg_catalog.pg_stat_database

    union all

    select
        'longest_transaction_seconds' as measure,
        case
            when not sessions.are_hidden
                then coalesce(sessions.longest_transaction_seconds, 0)
        end as measured,
        sessions.transactions as detail
    from sessions

    union all

    select
        'unencrypted_sessions' as measure,
        case
            when not sessions.are_hidden then sessions.unencrypted_count
        end as measured,
        sessions.encryption as detail
    from sessions

    union all

    select
        'unused_index_bytes' as measure,
        coalesce(sum(index_bytes), 0) as measured,
        format('%s indexes not scanned since the statistics began', count(*)) as detail
    from {{ ref('unused_indexes') }}
    {% if contract_part('health.statements_schema') %}

    union all

    select
        'slowest_statement_ms' as measure,
        -- Without that right slowest_statements lists the role's own alone.
        case
            when pg_has_role('pg_read_all_stats', 'usage') then max(mean_ms)
        end as measured,
        case
            when pg_has_role('pg_read_all_stats', 'usage')
                then 'the slowest statement by mean time; see slowest_statements'
            else 'not shown to this role: grant it pg_read_all_stats'
        end as detail
    from {{ ref('slowest_statements') }}
    {% endif %}
),

limits as (
    select
        health.key as measure,
        health.value::numeric as allowed
    from jsonb_each_text(
        {{ contract_json(contract_part('health') or {}) }}
        - array['statements_schema', 'idle_slot_bytes', 'transaction_ids_used_percent']
    ) as health
),

final as (
    select
        coalesce(measures.measure, limits.measure) as measure,
        measures.measured,
        limits.allowed,
        coalesce(measures.detail, 'not measured: no statements_schema') as detail,
        (
            limits.allowed is not null
            and coalesce(measures.measured > limits.allowed, true)
        ) as is_beyond_limit,
        case when limits.allowed is null then 'info' else 'warning' end as severity
    from measures
    full join limits on measures.measure = limits.measure
)

select * from final
