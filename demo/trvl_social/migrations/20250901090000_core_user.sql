create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    display_name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table public.profiles enable row level security;
create policy profiles_own on public.profiles
    using (id = auth.uid()) with check (id = auth.uid());
create table public.user_preferences (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.user_preferences (user_id);
alter table public.user_preferences enable row level security;
create policy user_preferences_own on public.user_preferences
    using (user_id = auth.uid()) with check (user_id = auth.uid());
