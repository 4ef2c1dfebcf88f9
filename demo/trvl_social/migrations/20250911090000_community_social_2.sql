create table public.connection_requests (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.connection_requests (user_id);
alter table public.connection_requests enable row level security;
create policy connection_requests_own on public.connection_requests
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.engagement_scores (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.engagement_scores (user_id);
alter table public.engagement_scores enable row level security;
create policy engagement_scores_own on public.engagement_scores
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.trip_requests (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.trip_requests (user_id);
alter table public.trip_requests enable row level security;
create policy trip_requests_own on public.trip_requests
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_bids (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_bids (user_id);
alter table public.vendor_bids enable row level security;
create policy vendor_bids_own on public.vendor_bids
    using (user_id = auth.uid()) with check (user_id = auth.uid());
