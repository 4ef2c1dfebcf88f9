create table public.bid_messages (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.bid_messages (user_id);
alter table public.bid_messages enable row level security;
create policy bid_messages_own on public.bid_messages
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.request_invitations (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.request_invitations (user_id);
alter table public.request_invitations enable row level security;
create policy request_invitations_own on public.request_invitations
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.post_saves (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_saves (user_id);
alter table public.post_saves enable row level security;
create policy post_saves_own on public.post_saves
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.post_shares (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_shares (user_id);
alter table public.post_shares enable row level security;
create policy post_shares_own on public.post_shares
    using (user_id = auth.uid()) with check (user_id = auth.uid());
