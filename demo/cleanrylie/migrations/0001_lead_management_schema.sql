create table lead_sources (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    name text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (dealership_id, id)
);
alter table lead_sources enable row level security;
create policy tenant_isolation on lead_sources
    using (dealership_id = current_dealership_id());

create table leads (
    id bigint generated always as identity primary key,
    dealership_id bigint not null references dealerships (id) on delete cascade,
    source_id bigint,
    assigned_to bigint,
    status text not null default 'new',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    foreign key (dealership_id, source_id) references lead_sources (dealership_id, id)
        on delete set null (source_id),
    foreign key (dealership_id, assigned_to) references users (dealership_id, id)
        on delete set null (assigned_to)
);
create index on leads (dealership_id, source_id);
create index on leads (dealership_id, assigned_to);

create table lead_activities (
    id bigint generated always as identity primary key,
    lead_id bigint not null references leads (id) on delete cascade,
    user_id bigint references users (id) on delete set null,
    note text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on lead_activities (lead_id);
create index on lead_activities (user_id);
alter table lead_activities enable row level security;
create policy tenant_isolation on lead_activities using (
    exists (
        select from leads
        where leads.id = lead_activities.lead_id
            and leads.dealership_id = current_dealership_id()
    )
);

create table lead_scores (
    lead_id bigint primary key references leads (id) on delete cascade,
    score integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table lead_scores enable row level security;
create policy tenant_isolation on lead_scores using (
    exists (
        select from leads
        where leads.id = lead_scores.lead_id
            and leads.dealership_id = current_dealership_id()
    )
);

create table vehicle_interests (
    lead_id bigint not null references leads (id) on delete cascade,
    vehicle_id bigint not null references vehicles (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (lead_id, vehicle_id)
);
create index on vehicle_interests (vehicle_id);
alter table vehicle_interests enable row level security;
create policy tenant_isolation on vehicle_interests using (
    exists (
        select from leads
        where leads.id = vehicle_interests.lead_id
            and leads.dealership_id = current_dealership_id()
    )
);

create table conversations (
    id bigint generated always as identity primary key,
    "dealershipId" bigint not null references dealerships (id) on delete cascade,
    "leadId" bigint references leads (id) on delete cascade,
    "customerId" bigint references customers (id) on delete cascade,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on conversations ("dealershipId");
create index on conversations ("leadId");
create index on conversations ("customerId");

create table messages (
    id bigint generated always as identity primary key,
    conversation_id bigint not null references conversations (id) on delete cascade,
    body text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on messages (conversation_id, created_at);
alter table messages enable row level security;
create policy tenant_isolation on messages using (
    exists (
        select from conversations
        where conversations.id = messages.conversation_id
            and conversations."dealershipId" = current_dealership_id()
    )
);
