-- A lawful database whose catalog proves little: keys without an index, tenants of other
-- types than their table's, tables that inherit, comparisons that Postgres refuses.

create domain org_id as uuid;
create table orgs (id uuid primary key);

-- Not unique, and referenced all the same; another organisation may have the same.
create table rates (org_id uuid not null references orgs, code text not null);
create table rooms (id int primary key, org_id uuid not null references orgs);
create table bookings (
    id bigint primary key,
    org_id uuid not null references orgs,
    rate text,
    room int
);

-- The tenant is of a domain here, which compares with what it is over.
create table invoices (id int primary key, org_id uuid not null references orgs);
create table payments (
    id int primary key,
    org_id org_id not null references orgs,
    invoice_id int not null references invoices
);

-- And of a type that does not compare here.
create table letters (
    id int primary key, org_id text not null, invoice_id int not null references invoices
);

create table notes (id int primary key, org_id uuid not null references orgs, booking text);

-- Two collations in one foreign key, which goes by the parent's.
create table words (
    id int primary key,
    org_id uuid not null references orgs,
    word text collate "C" not null unique
);
create table uses (
    id int primary key,
    org_id uuid not null references orgs,
    word text collate "POSIX" references words (word)
);

create table papers (id int primary key, org_id uuid not null references orgs);
create table old_papers () inherits (papers);
create table files (id int primary key, org_id uuid not null references orgs);
create table old_files () inherits (files);

insert into orgs values
    ('00000000-0000-0000-0000-00000000000a'), ('00000000-0000-0000-0000-00000000000b');
insert into rates values
    ('00000000-0000-0000-0000-00000000000a', 'full'),
    ('00000000-0000-0000-0000-00000000000b', 'full');
insert into rooms values (1, '00000000-0000-0000-0000-00000000000a');
insert into bookings values (1, '00000000-0000-0000-0000-00000000000a', 'full', 1);
insert into invoices values
    (1, '00000000-0000-0000-0000-00000000000a'), (2, '00000000-0000-0000-0000-00000000000b');
insert into payments values (1, '00000000-0000-0000-0000-00000000000a', 1);
insert into letters values (1, '00000000-0000-0000-0000-00000000000a', 1);
insert into notes values (1, '00000000-0000-0000-0000-00000000000a', '1');
insert into words values (1, '00000000-0000-0000-0000-00000000000a', 'word');
insert into uses values (1, '00000000-0000-0000-0000-00000000000a', 'word');
insert into papers values (1, '00000000-0000-0000-0000-00000000000a');
insert into old_papers values (2, '00000000-0000-0000-0000-00000000000a');
insert into files values (1, '00000000-0000-0000-0000-00000000000a');
insert into old_files values (2, '00000000-0000-0000-0000-00000000000a');
