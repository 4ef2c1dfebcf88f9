create table public.booking_cancellations (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_cancellations (user_id);
alter table public.booking_cancellations enable row level security;
create policy booking_cancellations_own on public.booking_cancellations
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.booking_audit_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_audit_logs (user_id);
alter table public.booking_audit_logs enable row level security;
create policy booking_audit_logs_own on public.booking_audit_logs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.booking_service_disputes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_service_disputes (user_id);
alter table public.booking_service_disputes enable row level security;
create policy booking_service_disputes_own on public.booking_service_disputes
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.dispute_threads (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.dispute_threads (user_id);
alter table public.dispute_threads enable row level security;
create policy dispute_threads_own on public.dispute_threads
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.user_feed_preferences (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.user_feed_preferences (user_id);
alter table public.user_feed_preferences enable row level security;
create policy user_feed_preferences_own on public.user_feed_preferences
    using (user_id = auth.uid()) with check (user_id = auth.uid());
