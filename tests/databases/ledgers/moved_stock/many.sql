-- Twenty more variants, each at three places.
insert into product_variant (sku) select 'variant ' || n from generate_series(1, 20) as n;
insert into stock_level ("productVariantId", "stockLocationId")
select 6 + n, location from generate_series(1, 20) as n, generate_series(1, 3) as location;
select
    move('ADJUSTMENT', 20 + n * location, 6 + n, location, '2026-03-14 08:00+00'),
    move('ALLOCATION', 1 + n % 5, 6 + n, location, '2026-03-15 08:00+00'),
    case when n % 3 > 0 then move('SALE', -(1 + n % 5), 6 + n, location, '2026-03-16 08:00+00') end,
    case when n % 3 = 0 then move('RELEASE', 1 + n % 2, 6 + n, location, '2026-03-16 09:00+00') end,
    case when n % 7 = 1 then move('CANCELLATION', 1, 6 + n, location, '2026-03-17 08:00+00') end
from generate_series(1, 20) as n, generate_series(1, 3) as location
order by n, location;
