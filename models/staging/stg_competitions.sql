{{ config(enabled=contract_declares('capacity')) }}

select
    id as competition_id,
    tenant_id,
    name::text as competition_name,
    total_reservation_tokens::bigint as total_tokens,
    available_reservation_tokens::bigint as available_tokens,
    created_at
from {{ source('application', 'competitions') }}
