-- Money set aside, and captured or given back: every part of a ledger that is about holds.
create table customers (
    id bigint primary key,
    name text not null,
    granted bigint not null default 0,
    available bigint not null default 0,
    created_at timestamptz not null default '2026-02-01 08:00+00'
);

create table holds (
    id bigint primary key,
    customer_id bigint not null references customers (id),
    amount bigint not null,
    captured bigint,
    status text not null,
    held_at timestamptz
);

-- What a bank claims back: taken while it is open, and given back if it is won.
create table disputes (
    id bigint primary key,
    customer_id bigint not null references customers (id),
    amount bigint not null,
    state text not null,
    opened_at timestamptz not null
);

create table movements (
    id bigint primary key,
    customer_id bigint not null references customers (id),
    hold_id bigint,
    kind text not null,
    amount bigint not null,
    moved_at timestamptz not null,
    voided_at timestamptz,
    dispute_id bigint,
    reverses bigint references movements (id)
);

create function move(
    customer bigint, kind text, amount bigint, at timestamptz, hold bigint default null
) returns void language sql begin atomic
    insert into movements (id, customer_id, hold_id, kind, amount, moved_at)
    values ((select count(*) + 1 from movements), customer, hold, kind, amount, at);
    update customers set available = available + amount where id = customer;
end;

create function hold(
    id bigint, customer bigint, amount bigint, at timestamptz
) returns void language sql begin atomic
    insert into holds values (id, customer, amount, null, 'held', at);
    select move(customer, 'hold', -amount, at, id);
end;

-- Captured as far as it says, and given back as to the rest; of nothing captured, released.
create function settle(
    hold bigint, captured bigint, at timestamptz
) returns void language sql begin atomic
    update holds set
        captured = nullif(settle.captured, 0),
        status = case when settle.captured = 0 then 'released' else 'captured' end
    where id = hold;
    select move(customer_id, 'give back', amount - settle.captured, at, hold)
    from holds where id = hold and amount > settle.captured;
end;

insert into customers (id, name, granted, available) values
(1, 'Ada', 0, 0), (2, 'Ben', 200, 200), (3, 'Cleo', 0, 0), (4, 'Dan', 50, 50), (5, 'Eve', 0, 0);

select move(1, 'deposit', 10000, '2026-02-10 09:00+00');
select move(2, 'deposit', 1000, '2026-02-10 10:00+00');
select move(3, 'deposit', 7500, '2026-02-11 09:00+00');
-- As much again within seconds, to another, and a minute later to the same.
select move(5, 'deposit', 7500, '2026-02-11 09:00:02+00');
select move(3, 'deposit', 7500, '2026-02-11 09:01+00');

select hold(101, 1, 3000, '2026-02-12 09:00+00');
select hold(102, 1, 500, '2026-02-13 09:00+00');
select settle(102, 500, '2026-02-14 09:00+00');
select hold(103, 1, 800, '2026-03-02 09:00+00');
select settle(103, 600, '2026-03-04 09:00+00');
select hold(104, 2, 400, '2026-03-03 09:00+00');
select settle(104, 0, '2026-03-05 09:00+00');
select hold(105, 2, 300, '2026-03-06 09:00+00');
-- Up to all that there is.
select hold(106, 4, 50, '2026-03-06 10:00+00');
select hold(107, 3, 1200, '2026-03-07 09:00+00');
select hold(108, 3, 1200, '2026-03-07 09:00+00');
select settle(108, 0, '2026-03-07 09:00:03+00');
select hold(100 + n, 5, 10 * n, '2026-03-08 09:00+00'::timestamptz + interval '1 hour' * n)
from generate_series(9, 18) as n;
select settle(100 + n, 5 * n * (n % 3), '2026-03-12 09:00+00'::timestamptz + interval '1 hour' * n)
from generate_series(9, 18) as n
where n % 4 > 0;
-- Holds that the application never made anything of.
insert into holds values
(130, 1, 700, null, 'draft', null), (131, 1, 0, null, 'held', '2026-03-09 09:00+00');

-- Taken back, both ways: by a movement of the other sign, and by being voided.
select move(2, 'deposit', 250, '2026-03-10 09:00+00');
select move(2, 'withdrawal', -250, '2026-03-11 09:00+00');
update movements set reverses = (select id from movements where amount = 250) where amount = -250;
insert into movements (id, customer_id, kind, amount, moved_at, voided_at)
values (34, 3, 'deposit', 333, '2026-03-10 09:00+00', '2026-03-10 09:05+00');

insert into disputes values
(201, 5, 90, 'open', '2026-03-13 09:00+00'),
(202, 5, 80, 'won', '2026-03-13 10:00+00'),
(203, 3, 70, 'lost', '2026-03-13 11:00+00');
select move(customer_id, 'dispute', -amount, opened_at)
from disputes order by id;
select move(5, 'give back', 80, '2026-03-14 10:00+00');
update movements set dispute_id = disputes.id
from disputes
where kind = 'dispute' and -movements.amount = disputes.amount or movements.id = 38 and disputes.id = 202;
