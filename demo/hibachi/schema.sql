-- What is applied of the migrations beside it, on the evening before the release: all
-- up to 008_payments.
--
-- The keys that 002, 006 and 008 could not create are not here. Each names a table
-- without its schema (users, bookings) or one that nobody ever made
-- (catering_bookings), so five tables were made by hand without theirs, and the
-- revisions were stamped.

create schema identity;
create schema lead;
create schema core;
create schema bookings;
create schema support;

create table alembic_version (
    version_num varchar(32) not null
    constraint alembic_version_pkc primary key
);

insert into alembic_version (version_num) values ('008_payments');

create table identity.users (
    id uuid
    constraint users_pkey primary key,
    email text not null
);

create table core.customers (
    id uuid
    constraint customers_pkey primary key,
    name text null
);

create table lead.subscribers (
    id uuid
    constraint subscribers_pkey primary key,
    customer_id uuid null
    constraint subscribers_customer_id_fkey references core.customers (id),
    phone text null,
    sms_subscribed boolean not null,
    sms_unsubscribed_at timestamptz null
);

create index ix_lead_subscribers_customer_id on lead.subscribers (customer_id);

create table core.bookings (
    id uuid
    constraint bookings_pkey primary key,
    customer_id uuid null
    constraint bookings_customer_id_fkey references core.customers (id),
    sms_consent boolean null,
    sms_consent_timestamp timestamptz null
);

create index ix_core_bookings_customer_id on core.bookings (customer_id);

create table bookings.booking_reminders (
    id uuid
    constraint booking_reminders_pkey primary key,
    booking_id uuid null
);

create table lead.social_accounts (
    id uuid
    constraint social_accounts_pkey primary key,
    handle text null
);

create table lead.social_threads (
    id uuid
    constraint social_threads_pkey primary key,
    account_id uuid null
    constraint social_threads_account_id_fkey references lead.social_accounts (id)
);

create index ix_lead_social_threads_account_id on lead.social_threads (account_id);

create type lead.campaign_channel as enum ('EMAIL', 'SMS', 'PUSH', 'WHATSAPP');
create type lead.campaign_status as enum ('DRAFT', 'SCHEDULED', 'SENDING', 'SENT');
create type lead.campaign_event_type as enum ('SENT', 'DELIVERED', 'FAILED');
create type lead.sms_delivery_status as enum (
    'QUEUED', 'SENT', 'DELIVERED', 'FAILED'
);

create table lead.campaigns (
    id uuid
    constraint campaigns_pkey primary key,
    name text not null,
    channel lead.campaign_channel not null,
    status lead.campaign_status not null,
    scheduled_at timestamptz null,
    started_at timestamptz null,
    finished_at timestamptz null,
    sent_count int not null,
    delivered_count int not null,
    failed_count int not null,
    spent_cents int not null
);

create table lead.campaign_events (
    id uuid
    constraint campaign_events_pkey primary key,
    campaign_id uuid null
    constraint campaign_events_campaign_id_fkey references lead.campaigns (id),
    subscriber_id uuid null
    constraint campaign_events_subscriber_id_fkey references lead.subscribers (id)
    on delete set null,
    event_type lead.campaign_event_type not null,
    occurred_at timestamptz not null
);

create index ix_lead_campaign_events_campaign_id
on lead.campaign_events (campaign_id);
create index ix_lead_campaign_events_subscriber_id
on lead.campaign_events (subscriber_id);

create table lead.sms_delivery_events (
    id uuid
    constraint sms_delivery_events_pkey primary key,
    campaign_id uuid null
    constraint sms_delivery_events_campaign_id_fkey references lead.campaigns (id),
    subscriber_id uuid null
    constraint sms_delivery_events_subscriber_id_fkey
    references lead.subscribers (id) on delete set null,
    message_sid text null,
    status lead.sms_delivery_status not null,
    queued_at timestamptz not null,
    sent_at timestamptz null,
    delivered_at timestamptz null,
    failed_at timestamptz null,
    cost int null  -- noqa: RF04
);

create index ix_lead_sms_delivery_events_campaign_id
on lead.sms_delivery_events (campaign_id);
create index ix_lead_sms_delivery_events_subscriber_id
on lead.sms_delivery_events (subscriber_id);

create table identity.roles (
    id uuid
    constraint roles_pkey primary key,
    name text not null
);

create table identity.permissions (
    id uuid
    constraint permissions_pkey primary key,
    name text not null
);

create table identity.station_users (
    id uuid
    constraint station_users_pkey primary key,
    user_id uuid null
);

create table support.audit_logs (
    id uuid
    constraint audit_logs_pkey primary key,
    user_id uuid null
);

create table catering_payments (
    id uuid
    constraint catering_payments_pkey primary key,
    booking_id uuid null
);

create table payment_notifications (
    id uuid
    constraint payment_notifications_pkey primary key,
    booking_id uuid null
);
