-- The night of 2025-10-30: after the refund of 04:51 UTC and before the approvals of
-- 05:29. Load it into the empty tables of schema.sql.
--
-- Where only the first eight characters of an id were published, the id begins with
-- them. Names of dancers and titles of entries are made up. The fourth group of every
-- other id says what it is: 0000 tenant, 0001 studio, 0002 dancer, 0003 competition,
-- 0005 entry, 0006 ledger entry, 0007 user, 0008 category. Reservations without a
-- published id begin with their number of spaces instead: 2c000020, 0a000100.

-- Tenants: one trades, the other has only set up its competitions.
insert into tenants (id, name, subdomain, created_at)
values
    (
        '00000000-0000-0000-0000-000000000001',
        'EMPWR Dance Experience', 'empwr', '2025-09-02 14:00:00+00'
    ),
    (
        '00000000-0000-0000-0000-000000000002',
        'Glow Dance Competition', 'glow',  '2025-09-16 14:00:00+00'
    );

-- Studios: EMPWR's three.
insert into studios (id, tenant_id, name, created_at)
values
    (
        '00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0000-000000000001',
        'Dancertons',  '2025-09-08 15:20:00+00'
    ),
    (
        '00000000-0000-0000-0001-000000000002', '00000000-0000-0000-0000-000000000001',
        'asd',         '2025-09-09 10:05:00+00'
    ),
    (
        '00000000-0000-0000-0001-000000000003', '00000000-0000-0000-0000-000000000001',
        'Dans Dancer', '2025-09-11 17:45:00+00'
    );

-- Dancers: 16 first names by 14 last names give all 214 a name of their own.
with names as (
    select
        array[
            'Avelis', 'Brindo', 'Corvane', 'Delmira', 'Estrix', 'Fenwill',
            'Galdra', 'Hessany', 'Ilvero', 'Jorrick', 'Kestina', 'Lumarel',
            'Mivette', 'Norsel', 'Oriphe', 'Pellano'
        ] as first_names,
        array[
            'Ambervale', 'Brackenholt', 'Cloudsley', 'Dunmarrow', 'Everquill',
            'Fallowmere', 'Grimsward', 'Hollowick', 'Inkerstone', 'Juniperly',
            'Kettlebrook', 'Larkensway', 'Mossgrave', 'Nettlecombe'
        ] as last_names
)

insert into dancers (
    id, tenant_id, studio_id, first_name, last_name, date_of_birth, created_at
)
select
    ('00000000-0000-0000-0002-' || lpad(number::text, 12, '0'))::uuid,
    '00000000-0000-0000-0000-000000000001'::uuid,
    ('00000000-0000-0000-0001-00000000000' || 1 + mod(number, 3))::uuid,
    names.first_names[1 + mod(number - 1, 16)],
    names.last_names[1 + (number - 1) / 16],
    date '2007-01-09' + 17 * number,
    timestamptz '2025-09-15 12:00:00+00' + number * interval '47 minutes'
from names
cross join generate_series(1, 214) as number;

-- Competitions: EMPWR's five, then Glow's seven. London's stored 545 is 50 below what
-- its ledger accounts for; the others agree with theirs.
insert into competitions (
    id, tenant_id, name,
    total_reservation_tokens, available_reservation_tokens, created_at
)
values
    (
        '79cef00c-e163-449c-9f3c-d021fbb4d672', '00000000-0000-0000-0000-000000000001',
        'EMPWR Dance - London',
        600, 545, '2025-10-01 13:00:00+00'
    ),
    (
        '05c0eae4-cb2f-44cc-9c5e-6b2eed700904', '00000000-0000-0000-0000-000000000001',
        'EMPWR Dance - St. Catharines #1',
        600,  90, '2025-10-01 13:05:00+00'
    ),
    (
        '00000000-0000-0000-0003-000000000003', '00000000-0000-0000-0000-000000000001',
        'EMPWR Dance - St. Catharines #2',
        600, 586, '2025-10-01 13:10:00+00'
    ),
    (
        '00000000-0000-0000-0003-000000000004', '00000000-0000-0000-0000-000000000001',
        'QA Automation Event',
        600, 499, '2025-10-01 13:15:00+00'
    ),
    (
        '00000000-0000-0000-0003-000000000005', '00000000-0000-0000-0000-000000000001',
        'EMPWR Dance Championships - St. Catharines 2025',
        600, 600, '2025-10-01 13:20:00+00'
    );

insert into competitions (
    id, tenant_id, name,
    total_reservation_tokens, available_reservation_tokens, created_at
)
select
    ('00000000-0000-0000-0003-0000000000' || glow.number)::uuid,
    '00000000-0000-0000-0000-000000000002'::uuid,
    glow.name,
    600,
    600,
    glow.created_at::timestamptz
from (
    values
    ('11', 'Glow - Spring Opener',      '2025-10-06 15:00:00Z'),
    ('12', 'Glow - Lakeside Classic',   '2025-10-06 15:05:00Z'),
    ('13', 'Glow - Harbour Nights',     '2025-10-06 15:10:00Z'),
    ('14', 'Glow - Prairie Showcase',   '2025-10-06 15:15:00Z'),
    ('15', 'Glow - Summit Series',      '2025-10-06 15:20:00Z'),
    ('16', 'Glow - Evergreen Regional', '2025-10-06 15:25:00Z'),
    ('17', 'Glow - Grand Finals',       '2025-10-06 15:30:00Z')
) as glow (number, name, created_at);

-- Reservations: all EMPWR's, each confirmed for as many spaces as it asked for. The
-- first was approved before the ledger was deployed (2025-10-29 00:12 UTC).
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
        '6a570147-57a0-4f50-8b89-f3044b28c4dc', 'EMPWR Dance - London',
        'Dans Dancer',  50, 'approved',   '2025-10-28 23:06:28Z', '2025-10-27 18:20:14Z'
    ),
    (
        '9bfcc05f-0000-4000-8000-000000000001', 'EMPWR Dance - London',
        'Dancertons',  150, 'summarized', '2025-10-29 16:01:36Z', '2025-10-28 14:02:51Z'
    ),
    (
        '077ef6f4-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'asd',         500, 'approved',   '2025-10-29 19:43:24Z', '2025-10-29 17:48:10Z'
    ),
    (
        'b72d46fd-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'asd',           5, 'approved',   '2025-10-29 19:43:07Z', '2025-10-29 17:41:35Z'
    ),
    (
        '8d8049b6-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'Dancertons',  100, 'summarized', '2025-10-29 15:27:12Z', '2025-10-28 15:15:22Z'
    ),
    (
        'da874b84-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'Dancertons',  150, 'summarized', '2025-10-29 00:41:20Z', '2025-10-27 13:09:47Z'
    ),
    (
        '1869dc53-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'Dans Dancer', 180, 'summarized', '2025-10-29 03:05:48Z', '2025-10-27 16:30:05Z'
    ),
    (
        'a41faa50-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #1',
        'Dans Dancer', 150, 'summarized', '2025-10-29 05:10:27Z', '2025-10-28 11:54:38Z'
    ),
    (
        '57536574-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #2',
        'asd',          10, 'approved',   '2025-10-29 19:43:49Z', '2025-10-29 17:55:02Z'
    ),
    (
        '2c000020-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #2',
        'Dancertons',   20, 'summarized', '2025-10-29 07:30:14Z', '2025-10-28 09:11:26Z'
    ),
    (
        '2c000030-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #2',
        'Dans Dancer',  30, 'summarized', '2025-10-29 08:40:36Z', '2025-10-28 10:27:19Z'
    ),
    (
        '2c000012-0000-4000-8000-000000000001', 'EMPWR Dance - St. Catharines #2',
        'Dancertons',   12, 'summarized', '2025-10-29 09:50:23Z', '2025-10-28 12:36:44Z'
    ),
    (
        '0a000100-0000-4000-8000-000000000001', 'QA Automation Event',
        'asd',         100, 'approved',   '2025-10-29 11:20:09Z', '2025-10-28 19:00:33Z'
    ),
    (
        '0a000050-0000-4000-8000-000000000001', 'QA Automation Event',
        'Dancertons',   50, 'summarized', '2025-10-29 12:05:31Z', '2025-10-28 19:05:57Z'
    )
) as reserved (id, competition, studio, spaces, status, approved_at, created_at)
inner join competitions on reserved.competition = competitions.name
inner join studios on reserved.studio = studios.name;

-- Entries: tenant, competition and studio are those of the reservation.
insert into competition_entries (
    id, tenant_id, competition_id, studio_id,
    reservation_id, title, category_id, status, created_at
)
select
    ('00000000-0000-0000-0005-0000000000' || entered.number)::uuid,
    reservations.tenant_id,
    reservations.competition_id,
    reservations.studio_id,
    reservations.id,
    entered.title,
    ('00000000-0000-0000-0008-00000000000' || entered.category)::uuid,
    'registered',
    entered.created_at::timestamptz
from (
    values
    ('01', '9bfcc05f', 'Paper Lanterns',    1, '2025-10-29 18:12:09Z'),
    ('02', '9bfcc05f', 'Northern Line',     2, '2025-10-29 18:20:44Z'),
    ('03', '9bfcc05f', 'Salt and Static',   3, '2025-10-29 18:31:27Z'),
    ('04', '9bfcc05f', 'Quiet Engines',     1, '2025-10-29 20:05:52Z'),
    ('05', '9bfcc05f', 'Seven Umbrellas',   4, '2025-10-30 04:37:03Z'),
    ('06', '077ef6f4', 'Glass Orchard',     1, '2025-10-29 21:10:33Z'),
    ('07', '077ef6f4', 'Tin Parade',        2, '2025-10-29 21:16:58Z'),
    ('08', '8d8049b6', 'Copper Weather',    2, '2025-10-29 15:31:05Z'),
    ('09', 'da874b84', 'Borrowed Time',     1, '2025-10-29 01:02:16Z'),
    ('10', 'da874b84', 'Violet Hour',       3, '2025-10-29 01:08:40Z'),
    ('11', '1869dc53', 'Moth and Meridian', 2, '2025-10-29 03:40:29Z'),
    ('12', 'a41faa50', 'Long Way Down',     4, '2025-10-29 05:52:11Z'),
    ('13', '2c000020', 'Kite Season',       1, '2025-10-29 07:44:39Z'),
    ('14', '2c000030', 'Half a Harvest',    3, '2025-10-29 08:55:17Z'),
    ('15', '2c000012', 'Ink on Water',      2, '2025-10-29 10:04:08Z'),
    ('16', '2c000012', 'Small Thunder',     4, '2025-10-29 10:11:35Z'),
    ('17', '0a000050', 'Test Pattern',      1, '2025-10-29 12:40:12Z')
) as entered (number, reservation, title, category, created_at)
inner join reservations on entered.reservation = left(reservations.id::text, 8);

-- Ledger, in the order of its instants: an approval deducts, a summary refunds the
-- spaces that were not used. 6a570147 has no row here, and that is the fault.
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
    ('01', 'da874b84', -150, 'reservation_approval', '2025-10-29 00:41:20Z'),
    ('02', 'da874b84',  148, 'summary_refund',       '2025-10-29 02:15:33Z'),
    ('03', '1869dc53', -180, 'reservation_approval', '2025-10-29 03:05:48Z'),
    ('04', '1869dc53',  179, 'summary_refund',       '2025-10-29 04:22:10Z'),
    ('05', 'a41faa50', -150, 'reservation_approval', '2025-10-29 05:10:27Z'),
    ('06', 'a41faa50',  149, 'summary_refund',       '2025-10-29 06:48:55Z'),
    ('07', '2c000020',  -20, 'reservation_approval', '2025-10-29 07:30:14Z'),
    ('08', '2c000020',   19, 'summary_refund',       '2025-10-29 08:02:51Z'),
    ('09', '2c000030',  -30, 'reservation_approval', '2025-10-29 08:40:36Z'),
    ('10', '2c000030',   29, 'summary_refund',       '2025-10-29 09:14:02Z'),
    ('11', '2c000012',  -12, 'reservation_approval', '2025-10-29 09:50:23Z'),
    ('12', '2c000012',   10, 'summary_refund',       '2025-10-29 10:31:47Z'),
    ('13', '0a000100', -100, 'reservation_approval', '2025-10-29 11:20:09Z'),
    ('14', '0a000050',  -50, 'reservation_approval', '2025-10-29 12:05:31Z'),
    ('15', '0a000050',   49, 'summary_refund',       '2025-10-29 13:17:26Z'),
    ('16', '8d8049b6', -100, 'reservation_approval', '2025-10-29 15:27:12Z'),
    ('17', '8d8049b6',   99, 'summary_refund',       '2025-10-29 15:34:40Z'),
    ('18', '9bfcc05f', -150, 'reservation_approval', '2025-10-29 16:01:36Z'),
    ('19', 'b72d46fd',   -5, 'reservation_approval', '2025-10-29 19:43:07Z'),
    ('20', '077ef6f4', -500, 'reservation_approval', '2025-10-29 19:43:24Z'),
    ('21', '57536574',  -10, 'reservation_approval', '2025-10-29 19:43:49Z'),
    ('22', '9bfcc05f',  145, 'summary_refund',       '2025-10-30 04:51:18Z')
) as moved (number, reservation, change_amount, reason, created_at)
inner join reservations on moved.reservation = left(reservations.id::text, 8);
