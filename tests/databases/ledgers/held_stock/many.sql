-- Sixty more items, some of whose reservations are gone.
insert into inventory_level (id, inventory_item_id, location_id, stocked_quantity)
select 'ilev_m' || n, 'iitem_' || n % 20, 'sloc_' || n / 20, 100 from generate_series(0, 59) as n;
insert into reservation_item
    (id, line_item_id, inventory_item_id, location_id, quantity, created_at, deleted_at)
select
    'resitem_m' || n, 'ordli_m' || n, 'iitem_' || n % 20, 'sloc_' || n % 60 / 20, 1 + n * 7 % 11,
    '2026-03-20 09:00+00', case when n % 9 = 0 then '2026-03-21 09:00+00'::timestamptz end
from generate_series(0, 179) as n;
update inventory_level set reserved_quantity = (
    select coalesce(sum(quantity), 0) from reservation_item
    where
        inventory_item_id = inventory_level.inventory_item_id
        and location_id = inventory_level.location_id and deleted_at is null
)
where id like 'ilev_m%';
