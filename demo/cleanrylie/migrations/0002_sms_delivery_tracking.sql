create table sms_deliveries (
    id bigint generated always as identity primary key,
    provider_message_id text not null unique,
    status text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
alter table sms_deliveries enable row level security;
create policy worker_only on sms_deliveries to cleanrylie_worker using (true);
