create table public.system_settings (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.system_settings (user_id);
alter table public.system_settings enable row level security;
create policy system_settings_own on public.system_settings
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.system_logs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.system_logs (user_id);
alter table public.system_logs enable row level security;
create policy system_logs_own on public.system_logs
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.media_files (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.media_files (user_id);
alter table public.media_files enable row level security;
create policy media_files_own on public.media_files
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.invoices (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.invoices (user_id);
alter table public.invoices enable row level security;
create policy invoices_own on public.invoices
    using (user_id = auth.uid()) with check (user_id = auth.uid());
create table public.invoice_line_items (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references public.profiles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.invoice_line_items (user_id);
alter table public.invoice_line_items enable row level security;
create policy invoice_line_items_own on public.invoice_line_items
    using (user_id = auth.uid()) with check (user_id = auth.uid());
