create table agent_squads (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on agent_squads (dealership_id);
alter table agent_squads enable row level security;
create policy tenant_isolation on agent_squads
    using (dealership_id = current_dealership_id());
