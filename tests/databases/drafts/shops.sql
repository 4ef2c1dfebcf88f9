-- Shops that share a database behind PostgREST: visitors reach it by views alone. Lines and
-- parcels have no shop of their own; a constraint says of which order a line is, and only the
-- name of its column of which one a parcel is.
create role gate login noinherit;
create role guest;
create role shopper;
grant guest, shopper to gate;
create schema data;
create schema api;
grant usage on schema api to guest, shopper;
create table data.shops (id bigint primary key, title text not null);
create table data.customers (
    id bigint primary key, shop_id bigint references data.shops (id), email text not null
);
create index on data.customers (shop_id);
create table data.products (
    id bigint primary key, shop_id bigint not null references data.shops (id), title text not null
);
create index on data.products (shop_id);
create table data.orders (
    id bigint primary key,
    shop_id bigint not null references data.shops (id),
    customer_id bigint not null references data.customers (id),
    unique (shop_id, id)
);
create index on data.orders (customer_id);
create table data.lines (
    order_id bigint not null references data.orders (id),
    line integer not null,
    product_id bigint not null references data.products (id),
    primary key (order_id, line)
);
create index on data.lines (product_id);
create table data.parcels (id bigint primary key, order_id bigint not null, weight integer);
create table data.payments (
    id bigint primary key, shop_id bigint not null references data.shops (id)
);
create index on data.payments (shop_id);
create table data.currencies (code text primary key);
insert into data.shops values (1, 'One'), (2, 'Two');
insert into data.customers select n, 1 + n % 2, 'x' from generate_series(1, 40) as n;
insert into data.products select n, 1 + n % 2, 'x' from generate_series(1, 40) as n;
insert into data.orders select n, 1 + n % 2, n from generate_series(1, 40) as n;
insert into data.lines select n, 1, n from generate_series(1, 40) as n;
insert into data.parcels select n, n, 1 from generate_series(1, 40) as n;
insert into data.currencies values ('CHF');
alter table data.orders enable row level security;
alter table data.payments enable row level security;
create policy own on data.payments
    using (shop_id = current_setting('request.shop', true)::bigint);
create policy own on data.orders
    using (shop_id = current_setting('request.shop', true)::bigint);
create policy own_lines on data.orders as restrictive
    using (id > 0 and shop_id = current_setting('request.shop', true)::bigint);
grant select on data.orders to shopper;
create view api.my_orders with (security_invoker = true) as select id from data.orders;
create view api.products as select title from data.products;
grant select on all tables in schema api to guest, shopper;
analyze;
