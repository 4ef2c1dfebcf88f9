create table channels (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on channels (dealership_id);
create table channel_routes (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on channel_routes (dealership_id);
