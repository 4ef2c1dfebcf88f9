create table public.booking_modifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_modifications (user_id);
alter table public.booking_modifications enable row level security;
create policy booking_modifications_own on public.booking_modifications
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.reviews (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.reviews (user_id);
alter table public.reviews enable row level security;
create policy reviews_own on public.reviews
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.split_payments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.split_payments (user_id);
alter table public.split_payments enable row level security;
create policy split_payments_own on public.split_payments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.individual_payments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.individual_payments (user_id);
alter table public.individual_payments enable row level security;
create policy individual_payments_own on public.individual_payments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
