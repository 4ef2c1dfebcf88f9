{{ config(enabled=contract_declares('integrity', 'tables')) }}

select
    table_name,
    row_count
from {{ ref('source_tables') }}
where is_empty
