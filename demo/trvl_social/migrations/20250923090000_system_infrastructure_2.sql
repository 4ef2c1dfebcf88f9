create table public.currency_exchange_rates (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.currency_exchange_rates (user_id);
alter table public.currency_exchange_rates enable row level security;
create policy currency_exchange_rates_own on public.currency_exchange_rates
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.background_job_results (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.background_job_results (user_id);
alter table public.background_job_results enable row level security;
create policy background_job_results_own on public.background_job_results
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.query_performance_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.query_performance_logs (user_id);
alter table public.query_performance_logs enable row level security;
create policy query_performance_logs_own on public.query_performance_logs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.refund_requests (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.refund_requests (user_id);
alter table public.refund_requests enable row level security;
create policy refund_requests_own on public.refund_requests
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_disputes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_disputes (user_id);
alter table public.payment_disputes enable row level security;
create policy payment_disputes_own on public.payment_disputes
    using (user_id = auth.uid()) with check (user_id = auth.uid());
