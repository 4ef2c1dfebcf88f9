-- Everything here is written in one transaction per audit. `audit_number` is the order in
-- which audits were recorded: clocks may go back, this does not.

create table audits (
    audit_number bigint generated always as identity primary key,
    audit_id text not null unique,
    database_name text not null,
    contract text not null,
    status text not null,
    snapshot_at timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    recorded_at timestamptz not null default now()
);

create index on audits (database_name, audit_number);

create table check_results (
    audit_number bigint not null references audits on delete cascade,
    check_id text not null,
    severity text not null,
    status text not null,
    category text not null,
    owner text not null,
    relation text not null,
    rows_checked bigint,
    finding_count bigint not null,
    waived_count bigint not null,
    seconds double precision,
    detail text,
    primary key (audit_number, check_id)
);

create index on check_results (check_id, audit_number);

create table findings (
    audit_number bigint not null references audits on delete cascade,
    check_id text not null,
    fingerprint text not null,
    severity text not null,
    tenant_id text,
    subject text,
    key jsonb not null,
    observed jsonb not null,
    size numeric,
    message text not null,
    waived_by text,
    waived_because text,
    waived_until date,
    primary key (audit_number, check_id, fingerprint)
);

create index on findings (fingerprint, audit_number);

-- One row per finding over its life; a resolved one that comes back is the same row again.
create table incidents (
    incident_id bigint generated always as identity primary key,
    database_name text not null,
    check_id text not null,
    fingerprint text not null,
    status text not null check (status in ('open', 'waived', 'resolved')),
    severity text not null,
    owner text not null,
    tenant_id text,
    subject text,
    key jsonb not null,
    message text not null,
    first_seen_at timestamptz not null,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    clean_before timestamptz,
    resolved_at timestamptz,
    reopened_count integer not null default 0,
    first_size numeric,
    size numeric,
    worst_size numeric,
    unique (database_name, check_id, fingerprint)
);

create index on incidents (database_name, status);

create table incident_changes (
    audit_number bigint not null references audits on delete cascade,
    incident_id bigint not null references incidents on delete cascade,
    change text not null,
    status_before text,
    size_before numeric,
    size_after numeric,
    primary key (audit_number, incident_id)
);

create index on incident_changes (incident_id);

create table table_volumes (
    audit_number bigint not null references audits on delete cascade,
    database_name text not null,
    table_name text not null,
    row_count bigint not null,
    primary key (audit_number, table_name)
);

create index on table_volumes (database_name, table_name, audit_number desc);

-- What the ledger's closed days held when they closed, or when a change was accepted.
create table closed_days (
    database_name text not null,
    day date not null,
    competition_id text not null,
    entry_count bigint not null,
    ledger_tokens bigint not null,
    closed_at timestamptz not null,
    accepted_because text,
    primary key (database_name, day, competition_id)
);

create table closed_through (
    database_name text primary key,
    day date not null,
    closed_at timestamptz not null
);

-- What `counterfoil repair plan` said that its script would change of closed days.
create table stated_changes (
    plan_id text not null,
    database_name text not null,
    stated_at timestamptz not null default now(),
    day date not null,
    competition_id text not null,
    entry_count bigint not null,
    ledger_tokens bigint not null,
    accepted_at timestamptz,
    primary key (plan_id, day, competition_id)
);

-- Alerts: written with the audit that they tell of, marked when delivered. `judged` is false
-- where one says that an audit could not judge, true where it says that it can again.
create table alerts (
    alert_number bigint generated always as identity primary key,
    alert_id text not null unique,
    database_name text not null,
    audit_id text not null,
    recipient text not null,
    tone text not null,
    title text not null,
    body text not null,
    incident_ids bigint[] not null,
    judged boolean,
    composed_at timestamptz not null default now(),
    attempts integer not null default 0,
    last_error text,
    delivered_at timestamptz
);

create index on alerts (database_name, recipient, alert_number);
create index on alerts (database_name, alert_number) where delivered_at is null;
