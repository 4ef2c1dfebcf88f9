-- A record shop that was moved here from elsewhere: mixed case, no foreign keys at all,
-- only names. One of the references that the names promise does not hold.
create table "Artist" ("ArtistId" integer primary key, "Name" varchar(120));
create table "Album" (
    "AlbumId" integer primary key, "Title" varchar(160) not null, "ArtistId" integer not null
);
create table "Track" (
    "TrackId" integer primary key, "AlbumId" integer, "UnitPrice" numeric(10, 2) not null
);
create table "Customer" ("CustomerId" integer primary key, "Email" varchar(60) not null);
create table "Invoice" ("InvoiceId" integer primary key, "CustomerId" integer not null);
create table "InvoiceLine" (
    "InvoiceLineId" integer primary key, "InvoiceId" integer not null, "TrackId" integer not null
);
create table "PlaylistTrack" (
    "PlaylistId" integer, "TrackId" integer, primary key ("PlaylistId", "TrackId")
);
insert into "Artist" values (1, 'One'), (2, null);
insert into "Album" values (1, 'First', 1), (2, 'Second', 2);
insert into "Track" values (1, 1, 0.99), (2, null, 0.99);
insert into "Customer" values (1, 'c@example.com');
insert into "Invoice" values (1, 1);
insert into "InvoiceLine" values (1, 1, 1), (2, 1, 77);
