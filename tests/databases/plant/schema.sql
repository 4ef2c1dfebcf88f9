-- Readings of a plant's instruments: numbers of every type, texts, and times as clocks of other
-- zones write them. In ASCII, for a database of any encoding.
create domain share as double precision;

create table readings (
    id integer primary key,
    pressure double precision not null default 1,
    dose real not null default 0.1,
    volume numeric not null default 1,
    fee money not null default 1,
    used share not null default 0.5,
    remark text default 'in order'
);

insert into readings (id) values (1);

-- One table for each way to write down when, each with a row of 2025-10-30 05:00 UTC.
create domain wall_clock as timestamp;
create table in_tokyo (id integer primary key, at wall_clock not null);
create table in_new_york (id integer primary key, at timestamp not null);
create table by_day (id integer primary key, at date not null);
create table in_seconds (id integer primary key, at integer not null);
create table in_milliseconds (id integer primary key, at bigint not null);
create table as_float (id integer primary key, at double precision not null);

insert into in_tokyo values (1, '2025-10-30 14:00');
insert into in_new_york values (1, '2025-10-30 01:00');
insert into by_day values (1, '2025-10-30');
insert into in_seconds values (1, 1761800400);
insert into in_milliseconds values (1, 1761800400000);
insert into as_float values (1, 1761800400);
