-- After Vendure: stock on hand and allocated, and the movements that change both. Names are in
-- mixed case, and a table has a reserved word for its own.
create table product_variant (
    id integer generated always as identity primary key,
    sku text not null,
    "trackInventory" boolean not null default true
);

create table stock_location (
    id integer generated always as identity primary key,
    name text not null
);

create table "order" (
    id integer generated always as identity primary key,
    code text not null,
    state text not null,
    "orderPlacedAt" timestamptz
);

create table order_line (
    id integer generated always as identity primary key,
    "orderId" integer not null references "order" (id),
    "productVariantId" integer not null references product_variant (id),
    quantity integer not null
);

create table stock_level (
    id integer generated always as identity primary key,
    "productVariantId" integer not null references product_variant (id),
    "stockLocationId" integer not null references stock_location (id),
    "stockOnHand" integer not null default 0,
    "stockAllocated" integer not null default 0,
    unique ("productVariantId", "stockLocationId")
);

create table stock_movement (
    id integer generated always as identity primary key,
    "createdAt" timestamptz not null,
    type text not null,
    quantity integer not null,
    "productVariantId" integer not null references product_variant (id),
    "stockLocationId" integer not null references stock_location (id),
    "orderLineId" integer references order_line (id)
);

-- What the shop does: it writes the movement, and counts the level where stock is tracked.
create function move(
    type text, quantity integer, variant integer, location integer, at timestamptz,
    line integer default null
) returns void language sql begin atomic
    insert into stock_movement
        (type, quantity, "productVariantId", "stockLocationId", "createdAt", "orderLineId")
    values (type, quantity, variant, location, at, line);
    update stock_level set
        "stockOnHand" = "stockOnHand"
            + case when type in ('ADJUSTMENT', 'SALE', 'CANCELLATION') then quantity else 0 end,
        "stockAllocated" = "stockAllocated"
            + case type when 'RELEASE' then -quantity when 'ALLOCATION' then quantity
                when 'SALE' then quantity else 0 end
    from product_variant
    where
        product_variant.id = variant and "trackInventory"
        and "productVariantId" = variant and "stockLocationId" = location;
end;

insert into product_variant (sku, "trackInventory") values
('laptop', true), ('mouse', true), ('cable', true), ('screen', true), ('desk', true),
-- Moves, and stores nothing.
('licence', false);

insert into stock_location (name) values ('Bristol'), ('Ghent'), ('Turin');

insert into stock_level ("productVariantId", "stockLocationId")
select variant, location from generate_series(1, 6) as variant, generate_series(1, 3) as location
-- What no level says is 0.
where (variant, location) <> (5, 3);

select move('ADJUSTMENT', 10 * variant + location, variant, location, '2026-03-01 08:00+00')
from generate_series(1, 5) as variant, generate_series(1, 3) as location
where (variant, location) <> (5, 3)
order by variant, location;

insert into "order" (code, state, "orderPlacedAt") values
('A1', 'PaymentSettled', '2026-03-05 09:00+00'),
('A2', 'Shipped', '2026-03-05 10:00+00'),
('A3', 'Cancelled', '2026-03-05 11:00+00'),
('A4', 'PaymentSettled', '2026-03-06 09:00+00'),
('A5', 'Shipped', '2026-03-06 10:00+00'),
('A6', 'ArrangingPayment', null),
('A7', 'Shipped', '2026-03-07 09:00+00'),
('A8', 'Shipped', '2026-03-07 10:00+00'),
('A9', 'PaymentSettled', '2026-03-07 11:00+00');

insert into order_line ("orderId", "productVariantId", quantity) values
(1, 1, 2), (2, 1, 3), (3, 2, 5), (4, 3, 4), (5, 4, 13), (6, 4, 6), (7, 2, 4), (8, 6, 9), (9, 6, 2),
(9, 3, 7);

-- Paid, and not shipped.
select move('ALLOCATION', 2, 1, 1, '2026-03-05 09:00+00', 1);
-- Shipped.
select move('ALLOCATION', 3, 1, 2, '2026-03-05 10:00+00', 2);
select move('SALE', -3, 1, 2, '2026-03-08 10:00+00', 2);
-- Cancelled before it was shipped.
select move('ALLOCATION', 5, 2, 1, '2026-03-05 11:00+00', 3);
select move('RELEASE', 5, 2, 1, '2026-03-09 11:00+00', 3);
-- From three places, twice as many from one.
select move('ALLOCATION', 2, 3, 1, '2026-03-06 09:00+00', 4);
select move('ALLOCATION', 1, 3, 2, '2026-03-06 09:00+00', 4);
select move('ALLOCATION', 1, 3, 3, '2026-03-06 09:00+00', 4);
-- From two places, shipped; then two of them came back.
select move('ALLOCATION', 10, 4, 1, '2026-03-06 10:00+00', 5);
select move('ALLOCATION', 3, 4, 2, '2026-03-06 10:00+00', 5);
select move('SALE', -10, 4, 1, '2026-03-08 11:00+00', 5);
select move('SALE', -3, 4, 2, '2026-03-08 11:00+00', 5);
select move('CANCELLATION', 2, 4, 1, '2026-03-12 11:00+00', 5);
-- Of four, one was released, and three were shipped.
select move('ALLOCATION', 4, 2, 3, '2026-03-07 09:00+00', 7);
select move('RELEASE', 1, 2, 3, '2026-03-08 09:00+00', 7);
select move('SALE', -3, 2, 3, '2026-03-09 09:00+00', 7);
-- Of what is not tracked.
select move('ALLOCATION', 9, 6, 1, '2026-03-07 10:00+00', 8);
select move('SALE', -9, 6, 1, '2026-03-08 12:00+00', 8);
select move('ALLOCATION', 2, 6, 2, '2026-03-07 11:00+00', 9);
select move('ALLOCATION', 7, 3, 2, '2026-03-07 11:00+00', 9 + 1);
-- Came and went where there is no level.
select move('ADJUSTMENT', 5, 5, 3, '2026-03-10 09:00+00');
select move('ADJUSTMENT', -5, 5, 3, '2026-03-11 09:00+00');
-- Counted, day by day.
select move('ADJUSTMENT', day % 3 - 1, 1 + day % 4, 1 + day % 3, '2026-03-12 18:00+00'::timestamptz + interval '1 day' * day)
from generate_series(1, 14) as day
order by day;
