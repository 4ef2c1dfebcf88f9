-- A studio asks for spaces; the approval deducts them: ledger, balance and status in one
-- transaction, behind the reservation's advisory lock and the event's row lock.
\set event random(1, 20)
\set spaces random(5, 20)
select
    competitions.id as competition_id,
    studios.id as studio_id,
    competitions.tenant_id,
    gen_random_uuid() as reservation_id
from competitions
inner join studios on competitions.tenant_id = studios.tenant_id
where competitions.name = 'Traffic ' || (:event)::text and studios.name = 'Studio of the traffic'
\gset
insert into reservations
(id, tenant_id, competition_id, studio_id, status, spaces_requested)
values
(:reservation_id, :tenant_id, :competition_id, :studio_id, 'pending', :spaces);

begin;
select pg_advisory_xact_lock(hashtext(:reservation_id));
select available_reservation_tokens from competitions
where id = :competition_id for update;
insert into capacity_ledger
(tenant_id, competition_id, reservation_id, change_amount, reason, created_at)
values (
    :tenant_id, :competition_id, :reservation_id, -(:spaces)::int,
    'reservation_approval', clock_timestamp()
);
update competitions
set available_reservation_tokens = available_reservation_tokens - :spaces
where id = :competition_id;
update reservations
set status = 'approved', spaces_confirmed = :spaces, approved_at = clock_timestamp()
where id = :reservation_id;
commit;
