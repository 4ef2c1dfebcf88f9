create table public.payout_hold_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_hold_logs (user_id);
alter table public.payout_hold_logs enable row level security;
create policy payout_hold_logs_own on public.payout_hold_logs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payout_failures (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_failures (user_id);
alter table public.payout_failures enable row level security;
create policy payout_failures_own on public.payout_failures
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payout_schedule_jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_schedule_jobs (user_id);
alter table public.payout_schedule_jobs enable row level security;
create policy payout_schedule_jobs_own on public.payout_schedule_jobs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_tokens (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_tokens (user_id);
alter table public.payment_tokens enable row level security;
create policy payment_tokens_own on public.payment_tokens
    using (user_id = auth.uid()) with check (user_id = auth.uid());
