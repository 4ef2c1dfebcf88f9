create table public.groups (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.groups (user_id);
alter table public.groups enable row level security;
create policy groups_own on public.groups
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.group_members (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.group_members (user_id);
alter table public.group_members enable row level security;
create policy group_members_own on public.group_members
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.personality_assessments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.personality_assessments (user_id);
alter table public.personality_assessments enable row level security;
create policy personality_assessments_own on public.personality_assessments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.assessment_responses (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.assessment_responses (user_id);
alter table public.assessment_responses enable row level security;
create policy assessment_responses_own on public.assessment_responses
    using (user_id = auth.uid()) with check (user_id = auth.uid());
