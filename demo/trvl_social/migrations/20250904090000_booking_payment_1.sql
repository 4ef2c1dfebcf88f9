create table public.bookings (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    adventure_id uuid not null references public.adventures (id) on delete restrict,
    vendor_id uuid not null references public.vendors (id) on delete restrict,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.bookings (user_id);
create index on public.bookings (adventure_id);
create index on public.bookings (vendor_id);
create function public.set_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;
create trigger bookings_updated_at before update on public.bookings
    for each row execute function public.set_updated_at();
alter table public.bookings enable row level security;
create policy bookings_own on public.bookings
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.booking_payments (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_payments (user_id);
alter table public.booking_payments enable row level security;
create policy booking_payments_own on public.booking_payments
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.booking_participants (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.booking_participants (user_id);
alter table public.booking_participants enable row level security;
create policy booking_participants_own on public.booking_participants
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.payment_splits (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.payment_splits (user_id);
alter table public.payment_splits enable row level security;
create policy payment_splits_own on public.payment_splits
    using (user_id = auth.uid()) with check (user_id = auth.uid());
