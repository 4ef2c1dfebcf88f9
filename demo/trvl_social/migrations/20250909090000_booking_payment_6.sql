create table public.split_payment_settings (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.split_payment_settings (user_id);
alter table public.split_payment_settings enable row level security;
create policy split_payment_settings_own on public.split_payment_settings
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_stripe_accounts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_stripe_accounts (user_id);
alter table public.vendor_stripe_accounts enable row level security;
create policy vendor_stripe_accounts_own on public.vendor_stripe_accounts
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.vendor_payouts (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.vendor_payouts (user_id);
alter table public.vendor_payouts enable row level security;
create policy vendor_payouts_own on public.vendor_payouts
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payout_line_items (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payout_line_items (user_id);
alter table public.payout_line_items enable row level security;
create policy payout_line_items_own on public.payout_line_items
    using (user_id = auth.uid()) with check (user_id = auth.uid());
