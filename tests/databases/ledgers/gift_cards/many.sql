-- Forty more cards, which say what they reference: bought, given on in part, and paid with.
alter table "Transfers"
add foreign key ("From Id", "From Region Id") references "Gift Cards" ("Card Id", "Region Id"),
add foreign key ("To Id", "To Region Id") references "Gift Cards" ("Card Id", "Region Id");
alter table charges
add foreign key (card_id, region_id) references "Gift Cards" ("Card Id", "Region Id");
insert into "Gift Cards" select 'M-' || n, 'UK', 0, null, 1000 from generate_series(1, 40) as n;
insert into "Transfers"
select
    lpad((100 + n + 40 * part)::text, 32, '0')::uuid,
    case part when 1 then 'M-' || n end, case part when 1 then 'UK' end,
    case part when 1 then 'M-' || n % 40 + 1 else 'M-' || n end, 'UK',
    case part when 1 then 5 + n % 7 else 100 + n end, '2026-03-20 09:00'
from generate_series(1, 40) as n cross join generate_series(0, 1) as part;
insert into charges select 'M-' || n, 'UK', 1, 10 + n % 5, '2026-03-21' from generate_series(1, 40) as n;
update "Gift Cards" set "Balance %" = (
    select coalesce(sum(amount), 0) from (
        select "Amount" as amount from "Transfers"
        where ("To Id", "To Region Id") = ("Card Id", "Region Id")
        union all
        select -"Amount" from "Transfers"
        where ("From Id", "From Region Id") = ("Card Id", "Region Id")
        union all
        select -amount from charges where (card_id, region_id) = ("Card Id", "Region Id")
    ) as changes
)
where "Card Id" like 'M-%';
