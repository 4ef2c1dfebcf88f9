-- Forty more products with one price each, in forty more assignments of two products each.
insert into capacity_assignments (name, capacity)
select 'Room ' || n, 500 from generate_series(1, 40) as n;
insert into product_prices (product_id, label, initial_quantity_available)
select 100 + n, 'Price ' || n, 300 from generate_series(1, 40) as n;
insert into product_capacity_assignments
select 100 + (n + part) % 40 + 1, id
from generate_series(1, 40) as n
join capacity_assignments on name = 'Room ' || n
cross join generate_series(0, 1) as part;
insert into attendees (order_id, product_price_id, status, created_at, deleted_at)
select
    1, id, case ticket % 5 when 0 then 'CANCELLED' when 1 then 'AWAITING_PAYMENT' else 'ACTIVE' end,
    '2026-03-20 09:00+00', case when ticket % 6 = 3 then '2026-03-21 09:00+00'::timestamptz end
from product_prices
cross join lateral generate_series(1, 5 + product_id * 7 % 13) as ticket
where product_id > 100;
update product_prices set quantity_sold = (
    select count(*) from attendees
    where
        product_price_id = product_prices.id
        and status in ('ACTIVE', 'AWAITING_PAYMENT') and deleted_at is null
)
where product_id > 100;
update capacity_assignments set used_capacity = (
    select coalesce(sum(quantity_sold), 0)
    from product_prices
    join product_capacity_assignments using (product_id)
    where capacity_assignment_id = capacity_assignments.id
)
where name like 'Room %';
