create table leads (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on leads (dealership_id);
create table lead_sources (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on lead_sources (dealership_id);
create table lead_activities (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on lead_activities (dealership_id);
create table lead_scores (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on lead_scores (dealership_id);
