create table credentials (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    sealed_value bytea not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on credentials (dealership_id);
alter table credentials enable row level security;
create policy tenant_isolation on credentials
    using (dealership_id = current_dealership_id());
