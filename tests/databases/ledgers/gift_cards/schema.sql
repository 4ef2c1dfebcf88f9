-- Gift cards, called and filled as nobody would expect: names that need quotes, a key of two
-- columns of which one may be null, transfers that are one row for two cards, and a view.
create table "Gift Cards" (
    "Card Id" varchar(20) not null,
    "Region Id" text,
    "Balance %" numeric(12, 2),
    "select" text,
    "Limit" integer,
    unique nulls not distinct ("Card Id", "Region Id")
);

create table "Transfers" (
    id uuid primary key,
    "From Id" varchar(20),
    "From Region Id" text,
    "To Id" varchar(20),
    "To Region Id" text,
    "Amount" numeric(12, 2) not null,
    -- Of a clock in UTC.
    "o'clock" timestamp not null
);

create table charges (
    card_id varchar(20) not null,
    region_id text,
    line integer not null,
    amount numeric(12, 2) not null,
    day date not null,
    primary key (card_id, line)
);

create view "All charges" as
select card_id, region_id, line, -amount as change, day from charges;

insert into "Gift Cards" values
('A-1', 'UK', 0, 'Ann''s {card}, 50% off', 100),
('A-1', null, 0, 'Ann, anywhere', null),
('a-1', 'UK', 0, 'another "Ann"', 100),
('B-2', 'UK', 0, E'two\nlines', 100),
('C-3', 'DE', 0, null, 250),
('D-4', 'DE', 0, '', 250);

-- From nobody: bought in a shop.
insert into "Transfers"
select
    lpad(n::text, 32, '0')::uuid, null, null, card, region, 10 + n,
    '2026-03-01 09:00'::timestamp + interval '1 hour' * n
from (values
    (1, 'A-1', 'UK'), (2, 'A-1', null), (3, 'a-1', 'UK'), (4, 'B-2', 'UK'), (5, 'C-3', 'DE')
) as bought (n, card, region);
insert into "Transfers" values
(lpad('11', 32, '0')::uuid, 'A-1', 'UK', 'A-1', null, 4.25, '2026-03-03 09:00'),
(lpad('12', 32, '0')::uuid, 'A-1', null, 'B-2', 'UK', 3, '2026-03-04 09:00'),
(lpad('13', 32, '0')::uuid, 'C-3', 'DE', 'D-4', 'DE', 15, '2026-03-05 09:00'),
-- To itself, which moves nothing.
(lpad('14', 32, '0')::uuid, 'B-2', 'UK', 'B-2', 'UK', 6, '2026-03-06 09:00');
insert into charges values
('A-1', 'UK', 1, 2.5, '2026-03-10'), ('A-1', 'UK', 2, 2.5, '2026-03-10'),
('A-1', null, 3, 1, '2026-03-11'), ('D-4', 'DE', 1, 15, '2026-03-12');

update "Gift Cards" set "Balance %" = (
    select coalesce(sum(amount), 0) from (
        select "Amount" as amount from "Transfers"
        where ("To Id", "To Region Id") is not distinct from ("Card Id", "Region Id")
        union all
        select -"Amount" from "Transfers"
        where ("From Id", "From Region Id") is not distinct from ("Card Id", "Region Id")
        union all
        select change from "All charges"
        where (card_id, region_id) is not distinct from ("Card Id", "Region Id")
    ) as changes
);
