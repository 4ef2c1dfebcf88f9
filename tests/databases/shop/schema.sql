-- An ORM's shop: camel case, soft deletes, a polymorphic pair, JSON, a cycle of keys, epoch times.
create schema "Shop";
set search_path = "Shop";
create table "Tenant" ("id" serial primary key, "name" varchar(80) not null);
create table "User" (
    "id" serial primary key,
    "tenantId" integer not null references "Tenant",
    "email" varchar(255) not null,
    "invitedById" integer,
    "deletedAt" timestamp,
    "createdAt" timestamp not null default now(),
    unique ("tenantId", "email"),
    unique ("tenantId", "id"),
    foreign key ("tenantId", "invitedById") references "User" ("tenantId", "id")
);
create table "Order" (
    "id" bigserial primary key,
    "tenantId" integer not null references "Tenant",
    "userId" integer not null references "User",
    "status" varchar(20) not null,
    "total" numeric(12, 2) not null,
    "meta" jsonb not null default '{}',
    "placedAt" bigint not null,
    "mainLineId" bigint
);
create index on "Order" ("userId");
create index on "Order" ("tenantId");
create table "OrderLine" (
    "id" bigserial primary key,
    "tenantId" integer not null references "Tenant",
    "orderId" bigint not null references "Order" on delete cascade,
    "sku" varchar(40) not null,
    "quantity" smallint not null check ("quantity" > 0)
);
create index on "OrderLine" ("orderId");
create index on "OrderLine" ("tenantId");
alter table "Order" add foreign key ("mainLineId") references "OrderLine" on delete set null;
create index on "Order" ("mainLineId");
create table "Attachment" (
    "id" serial primary key,
    "tenantId" integer not null references "Tenant",
    "subjectType" varchar(20) not null,
    "subjectId" bigint not null,
    "url" text not null
);
create index on "Attachment" ("tenantId");
create index on "User" ("tenantId", "invitedById");
insert into "Tenant" ("name") values ('A'), ('B');
insert into "User" ("tenantId", "email", "createdAt")
    select 1 + n % 2, 'u' || n || '@example.org', now() - interval '1 day' * n
    from generate_series(1, 30) as n;
update "User" set "invitedById" = 1 + "tenantId" % 2 where "id" > 2;
insert into "Order" ("tenantId", "userId", "status", "total", "placedAt")
    select "tenantId", "id", 'paid', 10, extract(epoch from now())::bigint from "User";
insert into "OrderLine" ("tenantId", "orderId", "sku", "quantity")
    select "tenantId", "id", 'sku-' || "id", 1 from "Order";
update "Order" set "mainLineId" = "OrderLine"."id" from "OrderLine" where "orderId" = "Order"."id";
insert into "Attachment" ("tenantId", "subjectType", "subjectId", "url")
    select "tenantId", 'Order', "id", 'https://example.org/' || "id" from "Order";
