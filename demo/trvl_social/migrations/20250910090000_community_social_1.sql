create table public.community_posts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.community_posts (user_id);
alter table public.community_posts enable row level security;
create policy community_posts_own on public.community_posts
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.community_connections (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.community_connections (user_id);
alter table public.community_connections enable row level security;
create policy community_connections_own on public.community_connections
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_forums (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_forums (user_id);
alter table public.vendor_forums enable row level security;
create policy vendor_forums_own on public.vendor_forums
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.post_reactions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_reactions (user_id);
alter table public.post_reactions enable row level security;
create policy post_reactions_own on public.post_reactions
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.post_comments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.post_comments (user_id);
alter table public.post_comments enable row level security;
create policy post_comments_own on public.post_comments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
