-- After pgledger: a transfer takes from one account and gives to another, and each of its two
-- entries keeps the balance before and after it.
create table accounts (
    id text primary key,
    name text not null,
    currency text not null,
    balance numeric not null default 0,
    version bigint not null default 0,
    allow_negative_balance boolean not null default false,
    allow_positive_balance boolean not null default true,
    created_at timestamptz not null default '2026-02-28 08:00+00'
);

create table transfers (
    id text primary key,
    from_account_id text not null references accounts (id),
    to_account_id text not null references accounts (id),
    amount numeric not null check (amount > 0),
    created_at timestamptz not null,
    event_at timestamptz not null
);

create table entries (
    id text primary key,
    account_id text not null references accounts (id),
    transfer_id text not null references transfers (id),
    amount numeric not null,
    account_previous_balance numeric not null,
    account_current_balance numeric not null,
    account_version bigint not null,
    created_at timestamptz not null,
    metadata jsonb
);

create function post(
    entry text, transfer text, account text, change numeric, at timestamptz, reverses text
) returns void language sql begin atomic
    with moved as (
        update accounts set balance = balance + change, version = version + 1
        where id = account
        returning balance, version
    )
    insert into entries
    select
        entry, account, transfer, change, balance - change, balance, version, at,
        case when reverses is not null then jsonb_build_object('reverses', reverses) end
    from moved;
end;

-- The entries of transfer `x` are `x.out` and `x.in`; what takes back an .in is an .out.
create function transfer(
    id text, source text, target text, amount numeric, at timestamptz, reverses text default null
) returns void language sql begin atomic
    insert into transfers values (id, source, target, amount, at, at - interval '1 minute');
    select post(id || '.out', id, source, -amount, at, reverses || '.in');
    select post(id || '.in', id, target, amount, at, reverses || '.out');
end;

insert into accounts (id, name, currency, allow_negative_balance, allow_positive_balance) values
-- Money comes from the banks: they may be negative, and are.
('bank.usd', 'Bank', 'USD', true, false),
('bank.eur', 'Bank in euros', 'EUR', true, false),
('alice', 'Alice', 'USD', false, true),
('bob', 'Bob', 'USD', false, true),
('cash', 'Cash', 'USD', false, true),
('fees', 'Fees', 'USD', false, true),
('gate', 'Gateway', 'USD', false, true),
('Dora O''Hara "EU"', 'Dora', 'EUR', false, true),
('shop.eur', 'Shop in euros', 'EUR', true, true),
('unused', 'Unused', 'USD', false, true);

select transfer('t01', 'bank.usd', 'cash', 1000, '2026-03-01 09:00+00');
select transfer('t02', 'cash', 'alice', 200, '2026-03-02 09:00+00');
select transfer('t03', 'cash', 'bob', 300, '2026-03-02 10:00+00');
select transfer('t04', 'alice', 'bob', 25.50, '2026-03-03 09:00+00');
select transfer('t05', 'bob', 'fees', 1.25, '2026-03-03 09:30+00');
select transfer('t06', 'bank.eur', 'Dora O''Hara "EU"', 500, '2026-03-04 09:00+00');
select transfer('t07', 'Dora O''Hara "EU"', 'shop.eur', 80, '2026-03-05 09:00+00');
select transfer('t08', 'alice', 'bob', 100, '2026-03-06 09:00+00');
-- Taken back in two parts, which together are all of it.
select transfer('t09', 'bob', 'alice', 60, '2026-03-07 09:00+00', 't08');
select transfer('t10', 'bob', 'alice', 40, '2026-03-07 10:00+00', 't08');
select transfer('t11', 'shop.eur', 'Dora O''Hara "EU"', 80, '2026-03-08 09:00+00', 't07');
-- In one instant, and the gateway never had less than 0.
select transfer('t12', 'bank.usd', 'gate', 50, '2026-03-09 09:00+00');
select transfer('t13', 'gate', 'cash', 50, '2026-03-09 09:00+00');
select transfer('t14', 'bank.usd', 'gate', 70, '2026-03-09 09:00+00');
select transfer('t15', 'gate', 'cash', 70, '2026-03-09 09:00+00');
-- The shop may be negative, and is.
select transfer('t16', 'shop.eur', 'Dora O''Hara "EU"', 12.34, '2026-03-10 09:00+00');
select transfer(
    'd' || day, 'cash', 'fees', 0.25 * day, '2026-03-11 00:00+00'::timestamptz + interval '1 day' * day
) from generate_series(1, 12) as day;
-- More than 64 bits hold, and as little as a numeric can say.
select transfer('t17', 'bank.usd', 'bob', 1e24, '2026-03-25 09:00+00');
select transfer('t18', 'bob', 'bank.usd', 1e24, '2026-03-25 10:00+00');
select transfer('t19', 'bob', 'fees', 1e-18, '2026-03-26 09:00+00');
