-- Forty more customers, with a deposit, a hold that was captured in part, and a voided movement.
insert into customers (id, name, granted, available)
select 100 + n, 'Customer ' || n, n % 4 * 10, n % 4 * 10 from generate_series(1, 40) as n;
select move(100 + n, 'deposit', 1000 + n * 13, '2026-03-20 09:00+00')
from generate_series(1, 40) as n order by n;
select hold(1000 + n, 100 + n, 50 + n, '2026-03-21 09:00+00')
from generate_series(1, 40) as n order by n;
select settle(1000 + n, 20, '2026-03-22 09:00+00') from generate_series(1, 40) as n order by n;
insert into movements (id, customer_id, kind, amount, moved_at, voided_at)
select 10000 + n, 100 + n, 'deposit', 5 + n, '2026-03-23 09:00+00', '2026-03-23 10:00+00'
from generate_series(1, 40) as n;
