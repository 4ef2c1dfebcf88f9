{{ config(enabled=contract_declares('capacity')) }}

select
    id as reservation_id,
    tenant_id,
    competition_id,
    studio_id,
    status::text as status,
    spaces_confirmed::bigint as spaces_confirmed,
    approved_at,
    approved_by,
    created_at
from {{ source('application', 'reservations') }}
