create table public.adventure_media (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.adventure_media (user_id);
alter table public.adventure_media enable row level security;
create policy adventure_media_own on public.adventure_media
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_certifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_certifications (user_id);
alter table public.vendor_certifications enable row level security;
create policy vendor_certifications_own on public.vendor_certifications
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_insurance (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_insurance (user_id);
alter table public.vendor_insurance enable row level security;
create policy vendor_insurance_own on public.vendor_insurance
    using (user_id = auth.uid()) with check (user_id = auth.uid());
