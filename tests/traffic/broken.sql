-- The fault to be found: the ledger in one transaction, the balance in another, later one.
\set spaces random(6, 20)
select
    competitions.id as competition_id,
    studios.id as studio_id,
    competitions.tenant_id,
    gen_random_uuid() as reservation_id
from competitions
inner join studios on competitions.tenant_id = studios.tenant_id
where competitions.name = 'Traffic 1' and studios.name = 'Studio of the traffic'
\gset
begin;
insert into reservations (
    id, tenant_id, competition_id, studio_id, status,
    spaces_requested, spaces_confirmed, approved_at
)
values (
    :reservation_id, :tenant_id, :competition_id, :studio_id, 'approved',
    :spaces, :spaces, clock_timestamp()
);
insert into capacity_ledger
(tenant_id, competition_id, reservation_id, change_amount, reason, created_at)
values (
    :tenant_id, :competition_id, :reservation_id, -(:spaces)::int,
    'reservation_approval', clock_timestamp()
);
commit;
\sleep 20 ms
update competitions
set available_reservation_tokens = available_reservation_tokens - :spaces
where id = :competition_id;
