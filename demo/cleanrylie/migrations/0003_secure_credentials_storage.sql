create table credentials (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on credentials (dealership_id);
