-- A studio hands in its summary: two entries, and what it did not use is refunded.
\set event random(1, 20)
begin;
select
    coalesce(max(picked.id::text), '') as reservation_id,
    count(*) > 0 as is_found
from (
    select reservations.id
    from reservations
    inner join competitions on reservations.competition_id = competitions.id
    where competitions.name = 'Traffic ' || (:event)::text and reservations.status = 'approved'
    limit 1
    for update of reservations skip locked
) as picked
\gset
\if :is_found
select pg_advisory_xact_lock(hashtext(:reservation_id));
select
    competition_id,
    studio_id,
    tenant_id,
    spaces_confirmed - 2 as unused
from reservations
where id = :reservation_id
\gset
select available_reservation_tokens from competitions
where id = :competition_id for update;
insert into competition_entries
(tenant_id, competition_id, studio_id, reservation_id, title, category_id, status)
select
    :tenant_id, :competition_id, :studio_id, :reservation_id,
    gen_random_uuid()::text, gen_random_uuid(), 'registered'
from generate_series(1, 2);
insert into capacity_ledger
(tenant_id, competition_id, reservation_id, change_amount, reason, created_at)
values (
    :tenant_id, :competition_id, :reservation_id, :unused,
    'summary_refund', clock_timestamp()
);
update competitions
set available_reservation_tokens = available_reservation_tokens + :unused
where id = :competition_id;
update reservations set status = 'summarized' where id = :reservation_id;
\endif
commit;
