-- Stored numbers that rows add up to, with one that is off; and some that only look so.
create type direction as enum ('in', 'out');
create table wallets (
    id bigint primary key, opened_with numeric(12, 2) not null, balance numeric(12, 2) not null,
    spent numeric(12, 2) not null, score integer not null
);
create table wallet_transactions (
    id bigint primary key,
    wallet_id bigint not null references wallets (id),
    status text not null,
    way direction not null,
    amount numeric(12, 2) not null
);
create index on wallet_transactions (wallet_id);
create table posts (id bigint primary key, comments_count integer not null, views integer not null);
create table comments (
    id bigint primary key, post_id bigint not null, kind text, likes integer not null
);
create index on comments (post_id);
insert into wallets
    select n, n * 10, n * 10 + n * 5 - 3, n * 2 + 1, n * 7 % 11 from generate_series(1, 60) as n;
insert into wallet_transactions
    select n * 4 + part, n, 'settled', case part when 1 then 'out' else 'in' end::direction,
        case part when 0 then n * 4 when 1 then 3 else n end
    from generate_series(1, 60) as n cross join generate_series(0, 2) as part;
update wallets set balance = balance + 1 where id = 7;
insert into posts select n, n % 7 + 1, n * 13 % 17 from generate_series(1, 50) as n;
insert into comments
    select n * 10 + m, n, m::text, (n * 31 + m * 17) % 23
    from generate_series(1, 50) as n cross join lateral generate_series(0, n % 7) as m;
