create table dashboards (
    id bigint generated always as identity primary key,
    title text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table dashboards enable row level security;
create policy worker_only on dashboards to cleanrylie_worker using (true);
