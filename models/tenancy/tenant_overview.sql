{{ config(enabled=contract_declares('tenancy') and contract_declares('capacity')) }}

with

tenants as (
    select * from {{ ref('stg_tenants') }}
),

studios_by_tenant as (
    select
        tenant_id,
        count(*) as studio_count
    from {{ ref('stg_studios') }}
    group by tenant_id
),

dancers_by_tenant as (
    select
        tenant_id,
        count(*) as dancer_count
    from {{ ref('stg_dancers') }}
    group by tenant_id
),

reservations_by_tenant as (
    select
        tenant_id,
        count(*) as reservation_count
    from {{ ref('stg_reservations') }}
    group by tenant_id
),

entries_by_tenant as (
    select
        tenant_id,
        count(*) as entry_count
    from {{ ref('stg_competition_entries') }}
    group by tenant_id
),

competitions_by_tenant as (
    select
        tenant_id,
        count(*) as competition_count
    from {{ ref('stg_competitions') }}
    group by tenant_id
),

final as (
    select
        tenants.tenant_id,
        tenants.tenant_name,
        tenants.subdomain,
        coalesce(studios_by_tenant.studio_count, 0) as studio_count,
        coalesce(dancers_by_tenant.dancer_count, 0) as dancer_count,
        coalesce(reservations_by_tenant.reservation_count, 0) as reservation_count,
        coalesce(entries_by_tenant.entry_count, 0) as entry_count,
        coalesce(competitions_by_tenant.competition_count, 0) as competition_count
    from tenants
    left join studios_by_tenant on tenants.tenant_id = studios_by_tenant.tenant_id
    left join dancers_by_tenant on tenants.tenant_id = dancers_by_tenant.tenant_id
    left join reservations_by_tenant
        on tenants.tenant_id = reservations_by_tenant.tenant_id
    left join entries_by_tenant on tenants.tenant_id = entries_by_tenant.tenant_id
    left join competitions_by_tenant
        on tenants.tenant_id = competitions_by_tenant.tenant_id
)

select * from final
