create table public.post_interaction_sessions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_interaction_sessions (user_id);
alter table public.post_interaction_sessions enable row level security;
create policy post_interaction_sessions_own on public.post_interaction_sessions
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.content_discovery_log (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.content_discovery_log (user_id);
alter table public.content_discovery_log enable row level security;
create policy content_discovery_log_own on public.content_discovery_log
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.stripe_webhook_events (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.stripe_webhook_events (user_id);
alter table public.stripe_webhook_events enable row level security;
create policy stripe_webhook_events_own on public.stripe_webhook_events
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forum_threads (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_threads (user_id);
alter table public.vendor_forum_threads enable row level security;
create policy vendor_forum_threads_own on public.vendor_forum_threads
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forum_replies (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forum_replies (user_id);
alter table public.vendor_forum_replies enable row level security;
create policy vendor_forum_replies_own on public.vendor_forum_replies
    using (user_id = auth.uid()) with check (user_id = auth.uid());
