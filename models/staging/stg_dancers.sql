{{ config(enabled=contract_declares('capacity')) }}

select
    id as dancer_id,
    tenant_id
from {{ source('application', 'dancers') }}
