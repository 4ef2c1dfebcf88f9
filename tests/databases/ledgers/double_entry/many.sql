-- Sixty more accounts, which got something and gave parts of it on.
insert into accounts (id, name, currency)
select 'c' || n, 'Customer ' || n, 'USD' from generate_series(1, 60) as n;
select transfer('m' || n, 'bank.usd', 'c' || n, 100 + n, '2026-03-27 09:00+00')
from generate_series(1, 60) as n order by n;
select transfer('n' || n, 'c' || n, 'c' || n % 60 + 1, 10 + n % 7, '2026-03-28 09:00+00')
from generate_series(1, 60) as n order by n;
select transfer(
    'o' || n || '.' || part, 'c' || n, 'c' || n % 12 + 1, 1, '2026-03-29 09:00+00'
)
from generate_series(1, 60) as n cross join lateral generate_series(1, n % 6) as part
order by n, part;
