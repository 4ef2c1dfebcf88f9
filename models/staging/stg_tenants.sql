{{ config(enabled=contract_declares('capacity')) }}

select
    id as tenant_id,
    name::text as tenant_name,
    subdomain::text as subdomain
from {{ source('application', 'tenants') }}
