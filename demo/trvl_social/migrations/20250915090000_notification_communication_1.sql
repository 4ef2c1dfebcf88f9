create table public.notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.notifications (user_id);
alter table public.notifications enable row level security;
create policy notifications_own on public.notifications
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.notification_templates (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.notification_templates (user_id);
alter table public.notification_templates enable row level security;
create policy notification_templates_own on public.notification_templates
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.notification_analytics (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.notification_analytics (user_id);
alter table public.notification_analytics enable row level security;
create policy notification_analytics_own on public.notification_analytics
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.fcm_tokens (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.fcm_tokens (user_id);
alter table public.fcm_tokens enable row level security;
create policy fcm_tokens_own on public.fcm_tokens
    using (user_id = auth.uid()) with check (user_id = auth.uid());
