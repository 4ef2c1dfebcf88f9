create table public.payment_audit_trail (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_audit_trail (user_id);
alter table public.payment_audit_trail enable row level security;
create policy payment_audit_trail_own on public.payment_audit_trail
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payout_holds (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_holds (user_id);
alter table public.payout_holds enable row level security;
create policy payout_holds_own on public.payout_holds
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.reconciliation_schedules (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.reconciliation_schedules (user_id);
alter table public.reconciliation_schedules enable row level security;
create policy reconciliation_schedules_own on public.reconciliation_schedules
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payout_holds_system (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_holds_system (user_id);
alter table public.payout_holds_system enable row level security;
create policy payout_holds_system_own on public.payout_holds_system
    using (user_id = auth.uid()) with check (user_id = auth.uid());
