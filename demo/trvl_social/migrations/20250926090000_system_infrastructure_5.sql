create table public.vendor_forum_votes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_votes (user_id);
alter table public.vendor_forum_votes enable row level security;
create policy vendor_forum_votes_own on public.vendor_forum_votes
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forum_reputation (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_reputation (user_id);
alter table public.vendor_forum_reputation enable row level security;
create policy vendor_forum_reputation_own on public.vendor_forum_reputation
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forum_notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_notifications (user_id);
alter table public.vendor_forum_notifications enable row level security;
create policy vendor_forum_notifications_own on public.vendor_forum_notifications
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forum_moderation_log (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_moderation_log (user_id);
alter table public.vendor_forum_moderation_log enable row level security;
create policy vendor_forum_moderation_log_own on public.vendor_forum_moderation_log
    using (user_id = auth.uid()) with check (user_id = auth.uid());
