create table public.notification_queue (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.notification_queue (user_id);
alter table public.notification_queue enable row level security;
create policy notification_queue_own on public.notification_queue
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.whatsapp_groups (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.whatsapp_groups (user_id);
alter table public.whatsapp_groups enable row level security;
create policy whatsapp_groups_own on public.whatsapp_groups
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.whatsapp_messages (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.whatsapp_messages (user_id);
alter table public.whatsapp_messages enable row level security;
create policy whatsapp_messages_own on public.whatsapp_messages
    using (user_id = auth.uid()) with check (user_id = auth.uid());
