-- What a Supabase project has before its first migration, as far as migrations name it: read in
-- https://supabase.com/docs/guides/database/postgres/roles,
-- https://supabase.com/docs/guides/auth/managing-user-data,
-- https://supabase.com/docs/guides/storage/schema/design,
-- https://supabase.com/docs/guides/realtime/authorization,
-- https://supabase.com/docs/guides/cron, .../queues/pgmq, .../database/vault, .../database/extensions/pg_net.
create role anon;
create role authenticated;
create role service_role;
create role authenticator;
create role supabase_admin;
create role supabase_auth_admin;
create role supabase_storage_admin;
create role dashboard_user;
create schema auth;
create schema storage;
create schema realtime;
create schema extensions;
create schema vault;
create schema graphql;
create schema graphql_public;
create schema supabase_functions;
create schema supabase_migrations;
create schema net;
create schema cron;
create schema pgmq;
create schema pgsodium;
create schema pgbouncer;
grant usage on schema public to anon, authenticated, service_role;
create table auth.users (
    instance_id uuid, id uuid primary key, aud varchar(255), role varchar(255),
    email varchar(255), encrypted_password varchar(255), email_confirmed_at timestamptz,
    invited_at timestamptz, confirmation_token varchar(255), confirmation_sent_at timestamptz,
    recovery_token varchar(255), recovery_sent_at timestamptz,
    email_change_token_new varchar(255), email_change varchar(255),
    email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb,
    raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz,
    updated_at timestamptz, phone text unique, phone_confirmed_at timestamptz,
    phone_change text, phone_change_token varchar(255), phone_change_sent_at timestamptz,
    confirmed_at timestamptz, email_change_token_current varchar(255),
    email_change_confirm_status smallint, banned_until timestamptz,
    reauthentication_token varchar(255), reauthentication_sent_at timestamptz,
    is_sso_user boolean not null default false, deleted_at timestamptz,
    is_anonymous boolean not null default false
);
create table auth.identities (
    provider_id text, user_id uuid references auth.users (id) on delete cascade,
    identity_data jsonb, provider text, last_sign_in_at timestamptz, created_at timestamptz,
    updated_at timestamptz, email text, id uuid primary key default gen_random_uuid()
);
create table auth.sessions (
    id uuid primary key, user_id uuid references auth.users (id) on delete cascade,
    created_at timestamptz, updated_at timestamptz
);
create function auth.uid() returns uuid language sql stable
return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
create function auth.role() returns text language sql stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role';
create function auth.email() returns text language sql stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email';
create function auth.jwt() returns jsonb language sql stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
create table storage.buckets (
    id text primary key, name text not null unique, owner uuid, created_at timestamptz,
    updated_at timestamptz, public boolean default false, avif_autodetection boolean,
    file_size_limit bigint, allowed_mime_types text[], owner_id text
);
create table storage.objects (
    id uuid primary key default gen_random_uuid(), bucket_id text references storage.buckets (id),
    name text, owner uuid, created_at timestamptz, updated_at timestamptz,
    last_accessed_at timestamptz, metadata jsonb, path_tokens text[], version text,
    owner_id text, user_metadata jsonb
);
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
create function storage.foldername(name text) returns text[] language sql immutable
return (string_to_array(name, '/'))[1:cardinality(string_to_array(name, '/')) - 1];
create function storage.filename(name text) returns text language sql immutable
return (string_to_array(name, '/'))[cardinality(string_to_array(name, '/'))];
create function storage.extension(name text) returns text language sql immutable
return reverse(split_part(reverse(name), '.', 1));
create table realtime.messages (
    id uuid default gen_random_uuid(), topic text, extension text, payload jsonb, event text,
    private boolean, inserted_at timestamp, updated_at timestamp
);
alter table realtime.messages enable row level security;
create function realtime.topic() returns text language sql stable
return nullif(current_setting('realtime.topic', true), '');
create function realtime.send(
    payload jsonb, event text, topic text, private boolean default true
) returns void language sql return null;
create function realtime.broadcast_changes(
    topic_name text, event_name text, operation text, table_name text, table_schema text,
    new record, old record, level text default 'ROW'
) returns void language plpgsql as 'begin end';
create publication supabase_realtime;
create table vault.secrets (
    id uuid primary key default gen_random_uuid(), name text, description text, secret text,
    created_at timestamptz, updated_at timestamptz
);
create view vault.decrypted_secrets as
select id, name, description, secret, secret as decrypted_secret, created_at, updated_at
from vault.secrets;
create function vault.create_secret(
    new_secret text, new_name text default null, new_description text default ''
) returns uuid language sql return gen_random_uuid();
create table cron.job (
    jobid bigint primary key, schedule text, command text, nodename text, nodeport integer,
    database text, username text, active boolean, jobname text
);
create table cron.job_run_details (
    jobid bigint, runid bigint primary key, job_pid integer, database text, username text,
    command text, status text, return_message text, start_time timestamptz, end_time timestamptz
);
create function cron.schedule(schedule text, command text) returns bigint language sql return 1;
create function cron.schedule(job_name text, schedule text, command text) returns bigint
language sql return 1;
create function cron.unschedule(job_name text) returns boolean language sql return true;
create function cron.unschedule(job_id bigint) returns boolean language sql return true;
create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
    timeout_milliseconds integer default 5000
) returns bigint language sql return 1;
create function net.http_get(
    url text, params jsonb default '{}', headers jsonb default '{}',
    timeout_milliseconds integer default 5000
) returns bigint language sql return 1;
create function pgmq.create(queue_name text) returns void language sql return null;
create function pgmq.send(queue_name text, msg jsonb, delay integer default 0) returns bigint
language sql return 1;
create function pgmq.archive(queue_name text, msg_id bigint) returns boolean
language sql return true;
create function pgmq.delete(queue_name text, msg_id bigint) returns boolean
language sql return true;
alter default privileges in schema public
grant all on tables to anon, authenticated, service_role;
