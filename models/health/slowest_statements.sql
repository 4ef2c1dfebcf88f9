{{ config(enabled=contract_declares('health', 'health.statements_schema')) }}

-- By their identifier: a statement's text may hold what is personal, and stays where it is.
select
    queryid as statement_id,
    sum(calls)::bigint as call_count,
    (sum(total_exec_time) / nullif(sum(calls), 0))::numeric(20, 3) as mean_ms,
    max(max_exec_time)::numeric(20, 3) as max_ms
from {{ quoted(contract_part('health.statements_schema')) }}.pg_stat_statements
where
    dbid = (
        select databases.oid from pg_catalog.pg_database as databases
        where databases.datname = current_database()
    )
    and queryid is not null
group by queryid
order by mean_ms desc nulls last
limit 50
