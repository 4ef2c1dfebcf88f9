{{ config(enabled=contract_declares('integrity', 'tables')) }}

select
    table_name,
    row_count,
    newest_row_at,
    age_seconds,
    max_age_seconds
from {{ ref('source_tables') }}
where is_stale
