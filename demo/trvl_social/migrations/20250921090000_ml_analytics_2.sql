create table public.ab_test_assignments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.ab_test_assignments (user_id);
alter table public.ab_test_assignments enable row level security;
create policy ab_test_assignments_own on public.ab_test_assignments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.model_predictions (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.model_predictions (user_id);
alter table public.model_predictions enable row level security;
create policy model_predictions_own on public.model_predictions
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.retraining_triggers (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.retraining_triggers (user_id);
alter table public.retraining_triggers enable row level security;
create policy retraining_triggers_own on public.retraining_triggers
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.retraining_jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.retraining_jobs (user_id);
alter table public.retraining_jobs enable row level security;
create policy retraining_jobs_own on public.retraining_jobs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
