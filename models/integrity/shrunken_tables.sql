{{ config(enabled=contract_declares('integrity', 'tables')) }}

select
    table_name,
    row_count,
    previous_row_count,
    max_shrink_percent,
    row_count - previous_row_count as row_count_change
from {{ ref('source_tables') }}
where is_shrunken
