create table public.group_compatibility_scores (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.group_compatibility_scores (user_id);
alter table public.group_compatibility_scores enable row level security;
create policy group_compatibility_scores_own on public.group_compatibility_scores
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.compatibility_algorithms (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.compatibility_algorithms (user_id);
alter table public.compatibility_algorithms enable row level security;
create policy compatibility_algorithms_own on public.compatibility_algorithms
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.group_invitations (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.group_invitations (user_id);
alter table public.group_invitations enable row level security;
create policy group_invitations_own on public.group_invitations
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.post_views (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_views (user_id);
alter table public.post_views enable row level security;
create policy post_views_own on public.post_views
    using (user_id = auth.uid()) with check (user_id = auth.uid());
