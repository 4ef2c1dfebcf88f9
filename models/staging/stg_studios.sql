{{ config(enabled=contract_declares('capacity')) }}

select
    id as studio_id,
    tenant_id,
    name::text as studio_name
from {{ source('application', 'studios') }}
