create table public.vendors (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendors (user_id);
alter table public.vendors enable row level security;
create policy vendors_own on public.vendors
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.adventures (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.adventures (user_id);
alter table public.adventures enable row level security;
create policy adventures_own on public.adventures
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.adventure_availability (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.adventure_availability (user_id);
alter table public.adventure_availability enable row level security;
create policy adventure_availability_own on public.adventure_availability
    using (user_id = auth.uid()) with check (user_id = auth.uid());
