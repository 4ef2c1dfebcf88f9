{{ config(enabled=contract_declares('capacity')) }}

select
    id as entry_id,
    tenant_id,
    reservation_id,
    status::text as status
from {{ source('application', 'competition_entries') }}
