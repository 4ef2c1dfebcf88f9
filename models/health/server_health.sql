{{ config(enabled=contract_declares('health')) }}

-- A measure a row. One that the role may not see, or that the server does not have, is null.
with

measures as (
    select
        'connections_used_percent' as measure,
        round(
            100 * count(*)::numeric / nullif(current_setting('max_connections')::int, 0), 1
        ) as measured,
        format(
            '%s of %s connections',
            count(*),
            current_setting('max_connections')
        ) as detail
    from pg_catalog.pg_stat_activity
    where backend_type = 'client backend'

    union all

    -- Of another role's session only members of pg_read_all_stats see the transaction.
    select
        'longest_transaction_seconds' as measure,
        case
            when bool_or(backend_type is null) then null
            else
                coalesce(
                    max(floor(extract(epoch from clock_timestamp() - xact_start)))
                        filter (where application_name <> 'counterfoil'),
                    0
                )
        end as measured,
        'the longest open transaction of any session but the audit''s' as detail
    from pg_catalog.pg_stat_activity

    union all

    select
        'unencrypted_sessions' as measure,
        count(*) filter (where not tls.ssl and sessions.client_addr is not null) as measured,
        'sessions over the network without TLS' as detail
    from pg_catalog.pg_stat_activity as sessions
    inner join pg_catalog.pg_stat_ssl as tls on sessions.pid = tls.pid
    where sessions.backend_type = 'client backend'

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
        max(mean_ms) as measured,
        'the slowest statement by mean time; see slowest_statements' as detail
    from {{ ref('slowest_statements') }}
    {% endif %}
),

limits as (
    select
        health.key as measure,
        health.value::numeric as allowed
    from jsonb_each_text(
        {{ contract_json(contract_part('health') or {}) }} - 'statements_schema'
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
