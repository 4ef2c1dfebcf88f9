create table public.whatsapp_webhooks (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.whatsapp_webhooks (user_id);
alter table public.whatsapp_webhooks enable row level security;
create policy whatsapp_webhooks_own on public.whatsapp_webhooks
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.content_scores (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.content_scores (user_id);
alter table public.content_scores enable row level security;
create policy content_scores_own on public.content_scores
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.trending_content (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.trending_content (user_id);
alter table public.trending_content enable row level security;
create policy trending_content_own on public.trending_content
    using (user_id = auth.uid()) with check (user_id = auth.uid());
