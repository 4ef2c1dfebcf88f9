create table channels (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on channels (dealership_id);
alter table channels enable row level security;
create policy tenant_isolation on channels
    using (dealership_id = current_dealership_id());

-- A dealership's by its channel.
create table channel_routes (
    id bigint generated always as identity primary key,
    channel_id bigint not null references channels (id) on delete cascade,
    pattern text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on channel_routes (channel_id);
alter table channel_routes enable row level security;
create policy tenant_isolation on channel_routes using (
    exists (
        select from channels
        where channels.id = channel_routes.channel_id
            and channels.dealership_id = current_dealership_id()
    )
);
