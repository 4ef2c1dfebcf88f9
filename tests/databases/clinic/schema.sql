-- Patients of several clinics, walled by row security as Supabase's guides do it.
create schema auth;
create function auth.uid() returns uuid language sql stable as
    $$ select nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
create function auth.jwt() returns jsonb language sql stable as
    $$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;

create table clinics (
    id uuid primary key default gen_random_uuid(),
    name text not null unique,
    created_at timestamptz not null default now()
);
create table memberships (
    clinic_id uuid not null references clinics on delete cascade,
    user_id uuid not null,
    role text not null check (role in ('owner', 'nurse')),
    primary key (clinic_id, user_id)
);
create index on memberships (user_id);
create function auth.clinics() returns setof uuid language sql stable security definer
    set search_path = '' as
    $$ select clinic_id from public.memberships where user_id = auth.uid() $$;
create table patients (
    id uuid primary key default gen_random_uuid(),
    clinic_id uuid not null references clinics on delete cascade,
    name text not null,
    born_on date not null,
    consent boolean not null default false,
    unique (clinic_id, id)
);
create table visits (
    id bigint generated always as identity primary key,
    clinic_id uuid not null references clinics on delete cascade,
    patient_id uuid not null,
    at timestamptz not null,
    length interval not null default '20 min',
    notes text,
    foreign key (clinic_id, patient_id) references patients (clinic_id, id) on delete cascade
);
create index on visits (clinic_id, patient_id);
create table documents (
    id uuid primary key default gen_random_uuid(),
    visit_id bigint not null references visits on delete cascade,
    bytes bytea not null
);
create index on documents (visit_id);

alter table clinics enable row level security;
alter table memberships enable row level security;
alter table patients enable row level security;
alter table visits enable row level security;
create policy "members see their clinics" on clinics for select
    using (id in (select clinic_id from memberships where user_id = (select auth.uid())));
create policy "own memberships" on memberships for select using (user_id = (select auth.uid()));
create policy "patients of my clinics" on patients for all
    using (clinic_id in (select auth.clinics())) with check (clinic_id in (select auth.clinics()));
create policy "visits of my clinics" on visits for all
    using (exists (
        select from memberships
        where memberships.clinic_id = visits.clinic_id and memberships.user_id = auth.uid()
    ));
create policy "support" on visits for select
    using (clinic_id = ((auth.jwt() -> 'app_metadata') ->> 'clinic_id')::uuid);

insert into clinics (name) select 'Clinic ' || n from generate_series(1, 3) as n;
insert into memberships select id, gen_random_uuid(), 'owner' from clinics;
insert into memberships select id, gen_random_uuid(), 'nurse' from clinics;
insert into patients (clinic_id, name, born_on)
    select id, 'Patient ' || n, date '1950-01-01' + n * 300
    from clinics cross join generate_series(1, 40) as n;
insert into visits (clinic_id, patient_id, at)
    select clinic_id, id, now() - interval '1 day' * n
    from patients cross join generate_series(1, 5) as n;
insert into documents (visit_id, bytes) select id, '\x00ff' from visits where id % 7 = 0;
