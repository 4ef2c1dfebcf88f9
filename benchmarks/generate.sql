-- A lawful booking system of about :entries ledger entries, deterministic: half as many
-- reservations and entries, a fifth as many dancers, a thousandth as many competitions,
-- 100 tenants. Every reservation is approved; 18 of 20 are summarized and refunded but for
-- one space, one of 20 is still approved, one was cancelled and gave everything back.
-- What is missing to :entries are manual adjustments in pairs that cancel out.

set session_replication_role = replica;  -- lawful by construction: no need to check keys

create function pg_temp.id(kind text, number bigint) returns uuid language sql immutable
as $$ select md5(kind || number)::uuid $$;

create temp table sizes as
select
    %(entries)s::bigint as entries,
    greatest(%(entries)s / 2, 20)::bigint as reservations,
    greatest(%(entries)s / 5, 100)::bigint as dancers,
    greatest(%(entries)s / 1000, 10)::bigint as competitions,
    least(greatest(%(entries)s / 10000, 2), 100)::bigint as tenants,
    2000::bigint as studios;

insert into tenants (id, name, subdomain, created_at)
select pg_temp.id('tenant', n), 'Tenant ' || n, 'tenant-' || n, '2025-01-01'
from sizes, generate_series(0, tenants - 1) as n;

insert into studios (id, tenant_id, name, created_at)
select pg_temp.id('studio', n), pg_temp.id('tenant', n %% tenants), 'Studio ' || n, '2025-01-01'
from sizes, generate_series(0, studios - 1) as n;

-- A dancer's studio is of the dancer's tenant: the number modulo both agrees.
insert into dancers (
    id, tenant_id, studio_id, first_name, last_name, date_of_birth, created_at
)
select
    pg_temp.id('dancer', n),
    pg_temp.id('tenant', (n %% studios) %% tenants),
    pg_temp.id('studio', n %% studios),
    'First ' || n, 'Last ' || n, date '2005-01-01' + (n %% 5000)::int, '2025-01-02'
from sizes, generate_series(0, dancers - 1) as n;

-- Reservation n is for competition n modulo competitions, whose tenant is that modulo
-- tenants; its studio is one of the same tenant.
create temp table booked as
select
    n,
    pg_temp.id('reservation', n) as id,
    n %% competitions as competition,
    (n %% competitions) %% tenants as tenant,
    2 + (n %% 19)::int as spaces,
    case n %% 20 when 0 then 'approved' when 1 then 'cancelled' else 'summarized' end as status,
    timestamptz '2025-10-29 01:00+00' + n * interval '1 second' / 1000 as approved_at
from sizes, generate_series(0, reservations - 1) as n;

insert into competitions (
    id, tenant_id, name, total_reservation_tokens, available_reservation_tokens, created_at
)
select
    pg_temp.id('competition', competition),
    pg_temp.id('tenant', competition %% (select tenants from sizes)),
    'Competition ' || competition,
    sum(spaces) + 1000,
    sum(spaces) + 1000
    - sum(case status when 'approved' then spaces when 'summarized' then 1 else 0 end),
    '2025-01-02'
from booked
group by competition;

insert into reservations (
    id, tenant_id, competition_id, studio_id, status, spaces_requested, spaces_confirmed,
    approved_at, approved_by, created_at
)
select
    id, pg_temp.id('tenant', tenant), pg_temp.id('competition', competition),
    pg_temp.id('studio', tenant + tenants * (n %% (studios / tenants))),
    status, spaces, spaces, approved_at, pg_temp.id('user', 1), '2025-10-01'
from booked, sizes;

insert into competition_entries (
    id, tenant_id, competition_id, studio_id, reservation_id, title, category_id, status,
    created_at
)
select
    pg_temp.id('entry', n), pg_temp.id('tenant', tenant),
    pg_temp.id('competition', competition),
    pg_temp.id('studio', tenant + tenants * (n %% (studios / tenants))),
    id, 'Entry ' || n, pg_temp.id('category', n %% 12),
    case status when 'cancelled' then 'cancelled' else 'registered' end,
    approved_at + interval '1 minute'
from booked, sizes;

insert into capacity_ledger (
    id, tenant_id, competition_id, reservation_id, change_amount, reason, created_at, created_by
)
select
    pg_temp.id('approval', n), pg_temp.id('tenant', tenant),
    pg_temp.id('competition', competition), id, -spaces, 'reservation_approval',
    approved_at, pg_temp.id('user', 1)
from booked
union all
select
    pg_temp.id('refund', n), pg_temp.id('tenant', tenant),
    pg_temp.id('competition', competition), id,
    case status when 'summarized' then spaces - 1 else spaces end,
    case status when 'summarized' then 'summary_refund' else 'cancellation_refund' end,
    approved_at + interval '1 hour', pg_temp.id('user', 1)
from booked
where status <> 'approved';

insert into capacity_ledger (
    id, tenant_id, competition_id, reservation_id, change_amount, reason, created_at, created_by
)
select
    pg_temp.id('adjustment', n),
    pg_temp.id('tenant', (n / 2 %% competitions) %% tenants),
    pg_temp.id('competition', n / 2 %% competitions),
    null, case n %% 2 when 0 then -1 else 1 end, 'manual_adjustment',
    -- The same again of one competition is a click that was repeated, if within five seconds.
    timestamptz '2025-10-29 00:30+00' + n / 2 / competitions * interval '6 seconds'
    + n %% 2 * interval '1 millisecond',
    pg_temp.id('user', 1)
from
    sizes,
    generate_series(
        0, (entries - (select count(*) from capacity_ledger)) / 2 * 2 - 1
    ) as n;
