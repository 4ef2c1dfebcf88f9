create table jwt_keys (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on jwt_keys (dealership_id);
create table prompt_templates (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on prompt_templates (dealership_id);
