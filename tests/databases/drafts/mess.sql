-- What is found in the wild: two schemas, names that need every kind of quoting, a table
-- without a key, one without a row, one without a column, and tenants spelt in two ways.
create schema "Höfe";
create table organizations (id bigint primary key, name text);
create table members (
    id bigint primary key,
    organization_id bigint not null references organizations (id) on delete cascade,
    user_id bigint
);
create table "Say ""what"", o'clock: yes" (
    "the key: #1" text primary key,
    "organizationId" bigint not null references organizations (id)
);
create table nokey (organization_id bigint, member_id bigint, note text);
create table nothing ();
create table "true" (id bigint primary key, organization_id bigint references organizations (id));
create table "Höfe"."a.b" (id bigint primary key, organization_id bigint, member_id bigint);
alter table "Höfe"."a.b" add foreign key (member_id) references members (id) not valid;
create table "Höfe".members (id uuid primary key, organization_id bigint);
create table "Höfe"."public.members" (id bigint primary key, organization_id bigint);
create table "{{ target }} %s {% raw %} 'quoted'" (
    id bigint primary key, organization_id bigint not null
);
create table a234567890123456789012345678901234567890123456789012345678901yz (
    id bigint primary key, organization_id bigint not null, parent_id bigint
);
create table events (id bigint, organization_id bigint not null, at date not null)
    partition by list (at);
create table events_rest partition of events default;
create table "Fête 🎉" ("clé 🔑" bigint primary key, organization_id bigint not null);
create table U&"two\000Alines" (
    U&"a\000Akey\0085 \2028" bigint primary key, organization_id bigint not null, true_id bigint
);
create view everyone as select * from members;
insert into organizations values (1, 'One'), (2, 'Two');
insert into members values (1, 1, null), (2, 2, 7);
insert into "Say ""what"", o'clock: yes" values ('it''s "quoted"', 1);
insert into nokey values (1, 1, 'x');
-- Of no tenant, and meant so.
insert into "true" values (1, null), (2, 1);
insert into events values (1, 1, '2024-01-01'), (1, 2, '2024-01-01');
insert into "Höfe"."a.b" values (1, 2, 2);
insert into "{{ target }} %s {% raw %} 'quoted'" values (1, 1);
insert into "Fête 🎉" values (1, 1);
insert into U&"two\000Alines" values (1, 1, 99);
