create table public.payment_reminders (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_reminders (user_id);
alter table public.payment_reminders enable row level security;
create policy payment_reminders_own on public.payment_reminders
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_refunds (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_refunds (user_id);
alter table public.payment_refunds enable row level security;
create policy payment_refunds_own on public.payment_refunds
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_reconciliations (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_reconciliations (user_id);
alter table public.payment_reconciliations enable row level security;
create policy payment_reconciliations_own on public.payment_reconciliations
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_discrepancies (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_discrepancies (user_id);
alter table public.payment_discrepancies enable row level security;
create policy payment_discrepancies_own on public.payment_discrepancies
    using (user_id = auth.uid()) with check (user_id = auth.uid());
