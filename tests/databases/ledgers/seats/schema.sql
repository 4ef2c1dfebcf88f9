-- After Hi.Events: seats by counter. A price counts what it sold, and an assignment of capacity
-- what its products together sold; nothing but the attendees says whether they are right.
create table capacity_assignments (
    id bigint generated always as identity primary key,
    name text not null,
    capacity integer,
    used_capacity integer not null default 0,
    deleted_at timestamptz
);

create table product_capacity_assignments (
    product_id bigint not null,
    capacity_assignment_id bigint not null references capacity_assignments (id)
);

create table product_prices (
    id bigint generated always as identity primary key,
    product_id bigint not null,
    label text,
    initial_quantity_available integer,
    quantity_sold integer not null default 0
);

create table orders (
    id bigint generated always as identity primary key,
    public_id text not null,
    status text not null,
    reserved_until timestamptz,
    created_at timestamptz not null
);

create table attendees (
    id bigint generated always as identity primary key,
    order_id bigint not null references orders (id),
    product_price_id bigint not null,
    status text not null,
    created_at timestamptz not null,
    deleted_at timestamptz
);

insert into capacity_assignments (name, capacity) values
('Hall', 120), ('Balcony', 40), ('Workshop', 30), ('Online', null), ('Terrace', 10);

insert into product_prices (product_id, label, initial_quantity_available) values
(1, 'Hall, early', 60), (1, 'Hall', 100), (2, 'Balcony', 40), (3, 'Workshop', 30),
(4, 'Stream', null), (5, 'Two days', 50), (6, 'Programme', null);

insert into product_capacity_assignments values
(1, 1), (2, 2), (3, 3), (4, 4),
-- In two groups: each ticket takes a seat in both.
(5, 1), (5, 3);

insert into orders (public_id, status, created_at)
select
    'o-' || n,
    case when n % 10 = 0 then 'AWAITING_OFFLINE_PAYMENT' else 'COMPLETED' end,
    '2026-03-01 08:00+00'::timestamptz + interval '1 hour' * n
from generate_series(1, 40) as n;

insert into attendees (order_id, product_price_id, status, created_at)
select
    orders.id, price,
    case orders.status when 'AWAITING_OFFLINE_PAYMENT' then 'AWAITING_PAYMENT' else 'ACTIVE' end,
    orders.created_at
from (values (1, 11), (2, 27), (3, 24), (4, 14), (5, 9), (6, 10)) as sold (price, tickets)
cross join lateral generate_series(1, tickets) as ticket
join orders on orders.id = 1 + (7 * price + ticket) % 40
order by price, ticket;

-- Cancelled tickets of orders that stand, and one that was deleted.
insert into attendees (order_id, product_price_id, status, created_at, deleted_at) values
(3, 2, 'CANCELLED', '2026-03-01 11:00+00', null),
(9, 6, 'CANCELLED', '2026-03-01 17:00+00', null),
(9, 6, 'ACTIVE', '2026-03-01 17:00+00', '2026-03-10 08:00+00');

-- Cancelled and abandoned orders have nothing.
insert into orders (public_id, status, created_at) values
('o-41', 'CANCELLED', '2026-03-05 08:00+00'), ('o-42', 'ABANDONED', '2026-03-05 09:00+00');
insert into attendees (order_id, product_price_id, status, created_at)
select id, 2, 'CANCELLED', created_at from orders where public_id in ('o-41', 'o-42');

-- Carts: one that may still be paid, and one whose time is over.
insert into orders (public_id, status, reserved_until, created_at) values
('o-43', 'RESERVED', '2026-04-01 08:00+00', '2026-03-31 03:50+00'),
('o-44', 'RESERVED', '2026-03-06 08:15+00', '2026-03-06 08:00+00');

update product_prices set quantity_sold = (
    select count(*) from attendees
    where
        product_price_id = product_prices.id
        and status in ('ACTIVE', 'AWAITING_PAYMENT') and deleted_at is null
);
update capacity_assignments set used_capacity = (
    select coalesce(sum(quantity_sold), 0)
    from product_prices
    join product_capacity_assignments using (product_id)
    where capacity_assignment_id = capacity_assignments.id
);

-- Deleted, as it was.
insert into capacity_assignments (name, capacity, used_capacity, deleted_at)
values ('Marquee', 10, 12, '2026-03-02 08:00+00');
