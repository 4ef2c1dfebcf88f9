-- The schema of the audited application: dance competitions sell spaces ("tokens"),
-- studios reserve them, and two tenants share the database.
--
-- Run it on an empty database, before one of the snapshots beside it. Two traits are
-- the application's own and are kept: foreign keys have a single column, so they do
-- not carry the tenant, and the users behind approved_by and created_by lie elsewhere.

create table tenants (
    id uuid default gen_random_uuid()
    constraint tenants_pkey primary key,
    name text not null,
    subdomain text not null
    constraint tenants_subdomain_key unique,
    created_at timestamptz not null default now()
);

create table studios (
    id uuid default gen_random_uuid()
    constraint studios_pkey primary key,
    tenant_id uuid not null
    constraint studios_tenant_id_fkey references tenants (id),
    name text not null,
    created_at timestamptz not null default now()
);

create table dancers (
    id uuid default gen_random_uuid()
    constraint dancers_pkey primary key,
    tenant_id uuid not null
    constraint dancers_tenant_id_fkey references tenants (id),
    studio_id uuid not null
    constraint dancers_studio_id_fkey references studios (id),
    first_name text not null,
    last_name text not null,
    date_of_birth date null,
    created_at timestamptz not null default now()
);

-- available_reservation_tokens is stored, and moves with every ledger entry.
create table competitions (
    id uuid default gen_random_uuid()
    constraint competitions_pkey primary key,
    tenant_id uuid not null
    constraint competitions_tenant_id_fkey references tenants (id),
    name text not null,
    total_reservation_tokens int not null,
    available_reservation_tokens int not null,
    created_at timestamptz not null default now()
);

-- status: pending, approved, summarized, invoiced, closed, rejected, cancelled.
create table reservations (
    id uuid default gen_random_uuid()
    constraint reservations_pkey primary key,
    tenant_id uuid not null
    constraint reservations_tenant_id_fkey references tenants (id),
    competition_id uuid not null
    constraint reservations_competition_id_fkey references competitions (id),
    studio_id uuid not null
    constraint reservations_studio_id_fkey references studios (id),
    status text not null,
    spaces_requested int not null,
    spaces_confirmed int null,
    approved_at timestamptz null,
    approved_by uuid null,
    created_at timestamptz not null default now()
);

create table competition_entries (
    id uuid default gen_random_uuid()
    constraint competition_entries_pkey primary key,
    tenant_id uuid not null
    constraint competition_entries_tenant_id_fkey references tenants (id),
    competition_id uuid not null
    constraint competition_entries_competition_id_fkey references competitions (id),
    studio_id uuid not null
    constraint competition_entries_studio_id_fkey references studios (id),
    reservation_id uuid not null
    constraint competition_entries_reservation_id_fkey references reservations (id),
    title text not null,
    category_id uuid null,
    status text not null,
    created_at timestamptz not null default now()
);

-- change_amount is negative for a deduction and positive for a refund. reason:
-- reservation_approval, summary_refund, cancellation_refund, manual_adjustment.
create table capacity_ledger (
    id uuid default gen_random_uuid()
    constraint capacity_ledger_pkey primary key,
    tenant_id uuid not null
    constraint capacity_ledger_tenant_id_fkey references tenants (id),
    competition_id uuid not null
    constraint capacity_ledger_competition_id_fkey references competitions (id),
    reservation_id uuid null
    constraint capacity_ledger_reservation_id_fkey references reservations (id),
    change_amount int not null,
    reason varchar(50) not null,
    created_at timestamptz not null default now(),
    created_by uuid null
);

create index idx_studios_tenant on studios (tenant_id);

create index idx_dancers_tenant on dancers (tenant_id);
create index idx_dancers_studio on dancers (studio_id);

create index idx_competitions_tenant on competitions (tenant_id);

create index idx_reservations_tenant on reservations (tenant_id);
create index idx_reservations_competition on reservations (competition_id);
create index idx_reservations_studio on reservations (studio_id);

create index idx_competition_entries_tenant on competition_entries (tenant_id);
create index idx_competition_entries_competition
on competition_entries (competition_id);
create index idx_competition_entries_studio on competition_entries (studio_id);
create index idx_competition_entries_reservation
on competition_entries (reservation_id);

create index idx_capacity_ledger_tenant on capacity_ledger (tenant_id);
create index idx_capacity_ledger_competition
on capacity_ledger (competition_id, created_at desc);
create index idx_capacity_ledger_reservation on capacity_ledger (reservation_id);
