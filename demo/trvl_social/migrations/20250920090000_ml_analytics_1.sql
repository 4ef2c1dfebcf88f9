create table public.ml_models (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.ml_models (user_id);
alter table public.ml_models enable row level security;
create policy ml_models_own on public.ml_models
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.training_datasets (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.training_datasets (user_id);
alter table public.training_datasets enable row level security;
create policy training_datasets_own on public.training_datasets
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.model_training_runs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.model_training_runs (user_id);
alter table public.model_training_runs enable row level security;
create policy model_training_runs_own on public.model_training_runs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.model_performance_metrics (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.model_performance_metrics (user_id);
alter table public.model_performance_metrics enable row level security;
create policy model_performance_metrics_own on public.model_performance_metrics
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.ab_test_experiments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.ab_test_experiments (user_id);
alter table public.ab_test_experiments enable row level security;
create policy ab_test_experiments_own on public.ab_test_experiments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
