-- The application's own, and no dealership's.
create table jwt_keys (
    id bigint generated always as identity primary key,
    public_key text not null unique,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table prompt_templates (
    id bigint generated always as identity primary key,
    name text not null,
    template text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table prompt_templates enable row level security;
create policy worker_only on prompt_templates to cleanrylie_worker using (true);
