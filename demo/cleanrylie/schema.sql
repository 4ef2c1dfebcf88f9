-- Cleanrylie: car dealerships talk to their customers. What there was before the first
-- migration: the core schema, the customers, and the integrations.

do $$
begin
    if to_regrole('cleanrylie_app') is null then
        create role cleanrylie_app;
    end if;
    -- Sends what is queued, for every dealership.
    if to_regrole('cleanrylie_worker') is null then
        create role cleanrylie_worker;
    end if;
end
$$;
grant usage on schema public to cleanrylie_app, cleanrylie_worker;
alter default privileges in schema public
grant select, insert, update, delete on tables to cleanrylie_app, cleanrylie_worker;

create function current_dealership_id() returns bigint language sql stable
return nullif(current_setting('app.current_dealership_id', true), '')::bigint;

create table dealerships (
    id bigint generated always as identity primary key,
    name text not null,
    subdomain text not null unique,
    contact_email text not null check (contact_email like '%_@_%'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table dealerships enable row level security;
create policy tenant_isolation on dealerships
using (id = current_dealership_id());

create table users (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    email text not null unique check (email like '%_@_%'),
    role_name text not null default 'agent',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- What references a user within its dealership needs this key.
    unique (dealership_id, id)
);
alter table users enable row level security;
create policy tenant_isolation on users
using (dealership_id = current_dealership_id());

-- Every dealership's: who made a car is no secret.
create table vehicle_makes (
    id bigint generated always as identity primary key,
    name text not null unique,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table vehicles (
    id bigint generated always as identity primary key,
    "dealershipId" bigint not null references dealerships (id) on delete cascade,
    make_id bigint not null references vehicle_makes (id),
    model_name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index vehicles_dealership_idx on vehicles ("dealershipId");
create index vehicles_make_idx on vehicles (make_id);
alter table vehicles enable row level security;
create policy tenant_isolation on vehicles
using ("dealershipId" = current_dealership_id());

-- A dealership's by its vehicle.
create table vehicle_photos (
    id bigint generated always as identity primary key,
    vehicle_id bigint not null references vehicles (id) on delete cascade,
    url text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index vehicle_photos_vehicle_idx on vehicle_photos (vehicle_id);
alter table vehicle_photos enable row level security;
create policy tenant_isolation on vehicle_photos
using (
    exists (
        select from vehicles
        where
            vehicles.id = vehicle_photos.vehicle_id
            and vehicles."dealershipId" = current_dealership_id()
    )
);

-- Who the assistant says that it is.
create table personas (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index personas_dealership_idx on personas (dealership_id);
alter table personas enable row level security;
create policy tenant_isolation on personas
using (dealership_id = current_dealership_id());

create table api_keys (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    key_hash bytea not null unique,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index api_keys_dealership_idx on api_keys (dealership_id);
alter table api_keys enable row level security;
create policy tenant_isolation on api_keys
using (dealership_id = current_dealership_id());

-- Nothing may be deleted out of it: a dealership that has acted cannot be.
create table audit_logs (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete restrict,
    user_id bigint,
    action_name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (dealership_id, user_id) references users (dealership_id, id)
    on delete set null (user_id)
);
create index audit_logs_user_idx on audit_logs (dealership_id, user_id);
alter table audit_logs enable row level security;
create policy tenant_isolation on audit_logs
using (dealership_id = current_dealership_id());

create table invitations (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    invited_by bigint,
    email text not null check (email like '%_@_%'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (dealership_id, invited_by) references users (dealership_id, id)
    on delete set null (invited_by)
);
create index invitations_invited_by_idx on invitations (dealership_id, invited_by);
alter table invitations enable row level security;
create policy tenant_isolation on invitations
using (dealership_id = current_dealership_id());

create table dealership_hours (
    dealership_id bigint not null references dealerships (id) on delete cascade,
    iso_day smallint not null check (iso_day between 1 and 7),
    opens_at time not null,
    closes_at time not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (dealership_id, iso_day)
);
alter table dealership_hours enable row level security;
create policy tenant_isolation on dealership_hours
using (dealership_id = current_dealership_id());

create table report_schedules (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    cron text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index report_schedules_dealership_idx on report_schedules (dealership_id);
alter table report_schedules enable row level security;
create policy tenant_isolation on report_schedules
using (dealership_id = current_dealership_id());

create table customers (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    full_name text not null,
    email text check (email like '%_@_%'),
    phone text check (phone ~ '^[+][0-9]{6,15}$'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index customers_dealership_idx on customers (dealership_id, full_name);

create table appointments (
    id bigint generated always as identity primary key,
    customer_id bigint not null references customers (id) on delete cascade,
    user_id bigint references users (id) on delete set null,
    begins_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index appointments_customer_idx on appointments (customer_id);
create index appointments_user_idx on appointments (user_id);
alter table appointments enable row level security;
create policy tenant_isolation on appointments
using (
    exists (
        select from customers
        where
            customers.id = appointments.customer_id
            and customers.dealership_id = current_dealership_id()
    )
);

create table integrations (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (dealership_id, name)
);
alter table integrations enable row level security;
create policy tenant_isolation on integrations
using (dealership_id = current_dealership_id());
