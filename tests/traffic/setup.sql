-- What the traffic works on: events with room for all of it, and a lookup by status.

insert into competitions
(tenant_id, name, total_reservation_tokens, available_reservation_tokens, created_at)
select
    tenants.id,
    'Traffic ' || number,
    100000000,
    100000000,
    now() - interval '1 day'
from generate_series(1, 20) as number
cross join (select id from tenants order by id limit 1) as tenants;

insert into studios (tenant_id, name)
select
    id,
    'Studio of the traffic'
from (select id from tenants order by id limit 1) as tenants;

create index traffic_by_status on reservations (competition_id, status);
