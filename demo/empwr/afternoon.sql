-- What happened on 2025-10-30 after the night: the two approvals of 05:29 UTC. Load it
-- on top of overnight.sql, whose conventions it keeps.

-- Reservations: asked for after the overnight snapshot, approved within one minute.
insert into reservations (
    id, tenant_id, competition_id, studio_id, status,
    spaces_requested, spaces_confirmed, approved_at, approved_by, created_at
)
select
    reserved.id::uuid,
    competitions.tenant_id,
    competitions.id,
    studios.id,
    reserved.status,
    reserved.spaces,
    reserved.spaces,
    reserved.approved_at::timestamptz,
    '00000000-0000-0000-0007-000000000001'::uuid,
    reserved.created_at::timestamptz
from (
    values
    (
        'e76cb525-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #2',
        'Dancertons', 10, 'approved', '2025-10-30 05:29:14Z', '2025-10-30 05:17:08Z'
    ),
    (
        'fea43bcd-0000-4000-8000-000000000001', 'EMPWR Dance - London',
        'Dancertons',  7, 'approved', '2025-10-30 05:29:41Z', '2025-10-30 05:19:32Z'
    )
) as reserved (id, competition, studio, spaces, status, approved_at, created_at)
inner join competitions on reserved.competition = competitions.name
inner join studios on reserved.studio = studios.name;

-- Ledger: one deduction each.
insert into capacity_ledger (
    id, tenant_id, competition_id, reservation_id,
    change_amount, reason, created_at, created_by
)
select
    ('00000000-0000-0000-0006-0000000000' || moved.number)::uuid,
    reservations.tenant_id,
    reservations.competition_id,
    reservations.id,
    moved.change_amount,
    moved.reason,
    moved.created_at::timestamptz,
    reservations.approved_by
from (
    values
    ('23', 'e76cb525', -10, 'reservation_approval', '2025-10-30 05:29:14Z'),
    ('24', 'fea43bcd',  -7, 'reservation_approval', '2025-10-30 05:29:41Z')
) as moved (number, reservation, change_amount, reason, created_at)
inner join reservations on moved.reservation = left(reservations.id::text, 8);

-- Competitions: the stored balances follow, London's still 50 below its ledger's.
update competitions
set available_reservation_tokens = 538
where name = 'EMPWR Dance - London';

update competitions
set available_reservation_tokens = 576
where name = 'EMPWR Dance - St. Catharines #2';
