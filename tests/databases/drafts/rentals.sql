-- A film rental shop: composite keys, a partitioned table, a view, a materialized view, an
-- enum, keys of several widths, a reference in a circle, and no tenants.
create type rating as enum ('G', 'PG', 'R');
create table language (language_id smallint primary key, name text not null);
create table film (
    film_id integer primary key,
    title text not null,
    language_id smallint not null references language (language_id) on delete restrict,
    original_language_id smallint references language (language_id),
    rated rating
);
create table actor (actor_id integer primary key, last_name text not null);
create table film_actor (
    actor_id integer references actor (actor_id),
    film_id integer references film (film_id) on delete cascade,
    primary key (actor_id, film_id)
);
create table store (store_id integer primary key, manager_staff_id integer);
create table staff (
    staff_id integer primary key,
    store_id integer not null references store (store_id),
    picture bytea
);
alter table store add foreign key (manager_staff_id) references staff (staff_id);
create table rental (
    rental_id bigint,
    film_id integer not null references film (film_id),
    staff_id integer references staff (staff_id),
    rented_at timestamptz not null,
    primary key (rental_id, rented_at)
) partition by range (rented_at);
create table rental_2024 partition of rental
    for values from ('2024-01-01') to ('2025-01-01');
create table rental_later partition of rental default;
create view film_list as select film_id, title from film;
create materialized view film_count as select count(*) as films from film;
insert into language values (1, 'English'), (2, 'Deutsch');
insert into film values (1, 'First', 1, null, 'G'), (2, 'Second', 1, 2, 'R');
insert into actor values (1, 'Nobody');
insert into film_actor values (1, 1), (1, 2);
insert into store values (1, null);
insert into staff values (1, 1, null);
update store set manager_staff_id = 1;
insert into rental values (1, 1, 1, '2024-02-02'), (2, 2, null, '2025-02-02');
