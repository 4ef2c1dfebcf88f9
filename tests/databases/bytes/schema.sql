-- A database that knows of bytes alone, with an extension's type outside everybody's path: what
-- was written to it by clients of two encodings, and compares by neither case.
create schema extensions;
create extension citext schema extensions;

create table public.teachers (
    code extensions.citext primary key,
    name text not null
);

create table public.lessons (
    id integer primary key,
    teacher extensions.citext not null references public.teachers,
    room text not null
);

insert into public.teachers values
('anna', 'Anna'),
('zoe', 'Zoë');

insert into public.lessons values
(1, 'ANNA', 'Saal'),
(2, 'Zoe', 'Saal');

-- Latin-1: no UTF-8.
update public.lessons set room = convert_from('\x476fc6'::bytea, 'SQL_ASCII') where id = 2;
