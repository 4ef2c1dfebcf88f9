-- After Medusa: stock that is only held. Between levels and reservations there is no foreign
-- key, and the shop reads the twin in JSON, not the column.
create table inventory_level (
    id text primary key,
    inventory_item_id text not null,
    location_id text not null,
    stocked_quantity numeric not null default 0,
    reserved_quantity numeric not null default 0,
    raw_reserved_quantity jsonb not null default '{"value": "0", "precision": 20}',
    created_at timestamptz not null default '2026-02-01 08:00+00',
    deleted_at timestamptz
);
create unique index live_inventory_level on inventory_level (inventory_item_id, location_id)
where deleted_at is null;

create table reservation_item (
    id text primary key,
    line_item_id text,
    inventory_item_id text,
    location_id text,
    quantity numeric not null,
    created_at timestamptz not null,
    deleted_at timestamptz
);

insert into inventory_level (id, inventory_item_id, location_id, stocked_quantity) values
('ilev_01', 'iitem_shirt', 'sloc_paris', 40),
('ilev_02', 'iitem_shirt', 'sloc_oslo', 2),
('ilev_03', 'iitem_shirt', 'sloc_rome', 12),
('ilev_04', 'iitem_mug', 'sloc_paris', 9),
('ilev_05', 'iitem_mug', 'sloc_oslo', 1),
('ilev_06', 'iitem_mug', 'sloc_rome', 30),
('ilev_07', 'iitem_cloth', 'sloc_paris', 12.5),
('ilev_08', 'iitem_cloth', 'sloc_oslo', 8.25),
('ilev_09', 'iitem_cap', 'sloc_paris', 100),
('ilev_10', 'iitem_cap', 'sloc_oslo', 0),
('ilev_11', 'Item "No. 1", O''Hare', 'sloc_paris', 5),
('ilev_12', 'Item "No. 1", O''Hare', 'SLOC_PARIS', 5);

insert into reservation_item values
('resitem_01', 'ordli_01', 'iitem_shirt', 'sloc_paris', 3, '2026-03-01 09:00+00'),
('resitem_02', 'ordli_02', 'iitem_shirt', 'sloc_paris', 5, '2026-03-02 09:00+00'),
('resitem_03', 'ordli_03', 'iitem_shirt', 'sloc_oslo', 2, '2026-03-02 10:00+00'),
('resitem_04', 'ordli_04', 'iitem_shirt', 'sloc_rome', 1, '2026-03-03 09:00+00'),
('resitem_05', 'ordli_05', 'iitem_shirt', 'sloc_rome', 4, '2026-03-03 10:00+00'),
('resitem_06', 'ordli_06', 'iitem_mug', 'sloc_paris', 2, '2026-03-04 09:00+00'),
('resitem_07', 'ordli_07', 'iitem_mug', 'sloc_oslo', 1, '2026-03-04 10:00+00'),
('resitem_08', 'ordli_08', 'iitem_mug', 'sloc_rome', 6, '2026-03-05 09:00+00'),
('resitem_09', 'ordli_09', 'iitem_cloth', 'sloc_paris', 0.75, '2026-03-05 10:00+00'),
('resitem_10', 'ordli_10', 'iitem_cloth', 'sloc_paris', 2.5, '2026-03-06 09:00+00'),
('resitem_11', 'ordli_11', 'iitem_cloth', 'sloc_oslo', 8.25, '2026-03-06 10:00+00'),
('resitem_12', 'ordli_12', 'Item "No. 1", O''Hare', 'sloc_paris', 3, '2026-03-07 09:00+00'),
('resitem_13', 'ordli_13', 'Item "No. 1", O''Hare', 'SLOC_PARIS', 1, '2026-03-07 10:00+00');

insert into reservation_item
select
    'resitem_cap_' || n, 'ordli_cap_' || n, 'iitem_cap', 'sloc_paris', 2,
    '2026-03-08 09:00+00'::timestamptz + interval '1 hour' * n
from generate_series(1, 20) as n;

-- Deleted reservations hold nothing, nor does one whose key is not set.
insert into reservation_item values
('resitem_51', 'ordli_51', 'iitem_shirt', 'sloc_paris', 7, '2026-03-01 08:00+00', '2026-03-01 12:00+00'),
('resitem_52', 'ordli_52', 'iitem_cap', 'sloc_oslo', 1, '2026-03-09 08:00+00', '2026-03-09 12:00+00'),
('resitem_53', 'ordli_53', null, null, 1, '2026-03-09 09:00+00', null);

update inventory_level set reserved_quantity = reserved
from (
    select inventory_item_id, location_id, sum(quantity) as reserved
    from reservation_item
    where deleted_at is null
    group by inventory_item_id, location_id
) as held
where
    held.inventory_item_id = inventory_level.inventory_item_id
    and held.location_id = inventory_level.location_id;

-- Levels of the past: one was made anew, one is gone and its reservation is not.
insert into inventory_level values
('ilev_51', 'iitem_shirt', 'sloc_paris', 15, 9, default, '2026-01-01 08:00+00', '2026-02-01 08:00+00'),
('ilev_52', 'iitem_scarf', 'sloc_paris', 15, 0, default, '2026-01-01 08:00+00', '2026-03-01 08:00+00');
insert into reservation_item values
('resitem_54', 'ordli_54', 'iitem_scarf', 'sloc_paris', 2, '2026-02-20 09:00+00', null);

update inventory_level
set raw_reserved_quantity
    = jsonb_build_object('value', reserved_quantity::text, 'precision', 20);
