-- Readings of a plant's instruments: numbers of every type, and texts. In ASCII, for a database
-- of any encoding.
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
