create table public.content_filter_rules (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.content_filter_rules (user_id);
alter table public.content_filter_rules enable row level security;
create policy content_filter_rules_own on public.content_filter_rules
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.moderation_appeals (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.moderation_appeals (user_id);
alter table public.moderation_appeals enable row level security;
create policy moderation_appeals_own on public.moderation_appeals
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.appeal_notes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.appeal_notes (user_id);
alter table public.appeal_notes enable row level security;
create policy appeal_notes_own on public.appeal_notes
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.content_analysis_results (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.content_analysis_results (user_id);
alter table public.content_analysis_results enable row level security;
create policy content_analysis_results_own on public.content_analysis_results
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.booking_disputes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_disputes (user_id);
alter table public.booking_disputes enable row level security;
create policy booking_disputes_own on public.booking_disputes
    using (user_id = auth.uid()) with check (user_id = auth.uid());
