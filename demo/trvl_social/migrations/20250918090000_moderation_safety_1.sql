create table public.content_reports (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.content_reports (user_id);
alter table public.content_reports enable row level security;
create policy content_reports_own on public.content_reports
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.moderation_queue (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.moderation_queue (user_id);
alter table public.moderation_queue enable row level security;
create policy moderation_queue_own on public.moderation_queue
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.user_warnings (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.user_warnings (user_id);
alter table public.user_warnings enable row level security;
create policy user_warnings_own on public.user_warnings
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.user_restrictions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.user_restrictions (user_id);
alter table public.user_restrictions enable row level security;
create policy user_restrictions_own on public.user_restrictions
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.moderation_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.moderation_logs (user_id);
alter table public.moderation_logs enable row level security;
create policy moderation_logs_own on public.moderation_logs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
