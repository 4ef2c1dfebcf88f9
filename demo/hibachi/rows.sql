-- The evening of 2025-11-22. Twelve customers; ten of them agreed to text messages, and one
-- of those has unsubscribed since. Of five campaigns one was sent, and one is being sent.
-- All names are made up.
do $$ begin
    execute format(
        'alter database %I set counterfoil.as_of = %L', current_database(), '2025-11-22T20:00:00Z'
    );
end $$;

-- Each key ends with a number: of a customer, its booking and its subscription the same one.
create function pg_temp.key(kind text, number bigint) returns uuid
return (kind || '0000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid;

insert into core.customers (id, name)
select pg_temp.key('a', number), name
from unnest(array[
    'Aoi', 'Ben', 'Chie', 'Dario', 'Emi', 'Finn', 'Goro', 'Hana', 'Ivo', 'Jun', 'Kenji', 'Lotte'
]) with ordinality as customers (name, number);

insert into core.bookings (id, customer_id, sms_consent, sms_consent_timestamp)
select
    pg_temp.key('b', number),
    pg_temp.key('a', number),
    number <= 10,
    case when number <= 10 then timestamptz '2025-10-01 18:00+00' + number * interval '1 day' end
from generate_series(1, 12) as number;

insert into lead.subscribers (id, customer_id, phone, sms_subscribed, sms_unsubscribed_at)
select
    pg_temp.key('c', number),
    pg_temp.key('a', number),
    '+1555010' || lpad(number::text, 4, '0'),
    number <= 9,
    case number when 10 then timestamptz '2025-11-15 09:12+00' end
from generate_series(1, 12) as number;

insert into lead.campaigns
    (id, name, channel, status, scheduled_at, started_at, finished_at,
     sent_count, delivered_count, failed_count, spent_cents)
values
(pg_temp.key('d', 1), 'Autumn menu', 'SMS', 'SENT',
 '2025-11-10 17:00+00', '2025-11-10 17:00+00', '2025-11-10 18:00+00', 10, 9, 2, 30),
(pg_temp.key('d', 2), 'Tables for Thanksgiving', 'SMS', 'SENDING',
 '2025-11-22 19:30+00', '2025-11-22 19:30+00', null, 7, 5, 0, 21),
(pg_temp.key('d', 3), 'Winter party', 'SMS', 'SCHEDULED',
 '2025-11-25 17:00+00', null, null, 0, 0, 0, 0),
(pg_temp.key('d', 4), 'New year', 'SMS', 'DRAFT', null, null, null, 0, 0, 0, 0),
(pg_temp.key('d', 5), 'Newsletter', 'EMAIL', 'DRAFT', null, null, null, 0, 0, 0, 0);

-- The first campaign: number 3 got nothing at first, and the message to number 9 was lost.
insert into lead.sms_delivery_events
    (id, campaign_id, subscriber_id, message_sid, status,
     queued_at, sent_at, delivered_at, failed_at, cost)
select
    pg_temp.key('e', number),
    pg_temp.key('d', 1),
    pg_temp.key('c', number),
    'SM-1-' || number,
    (case number when 9 then 'FAILED' else 'DELIVERED' end)::lead.sms_delivery_status,
    timestamptz '2025-11-10 17:10+00',
    timestamptz '2025-11-10 17:11+00',
    case when number <> 9 then timestamptz '2025-11-10 17:12+00' end,
    case number when 9 then timestamptz '2025-11-10 17:30+00' end,
    3
from generate_series(1, 10) as number
union all
select
    pg_temp.key('e', 11), pg_temp.key('d', 1), pg_temp.key('c', 3), null, 'FAILED',
    '2025-11-10 17:00+00', null, null, '2025-11-10 17:01+00', null
union all
-- The second: five are delivered, two on their way, and two still queued.
select
    pg_temp.key('e', 20 + number),
    pg_temp.key('d', 2),
    pg_temp.key('c', number),
    case when number <= 7 then 'SM-2-' || number end,
    (
        case when number <= 5 then 'DELIVERED' when number <= 7 then 'SENT' else 'QUEUED' end
    )::lead.sms_delivery_status,
    timestamptz '2025-11-22 19:40+00',
    case when number <= 7 then timestamptz '2025-11-22 19:41+00' end,
    case when number <= 5 then timestamptz '2025-11-22 19:42+00' end,
    null,
    case when number <= 7 then 3 end
from generate_series(1, 9) as number;

insert into lead.campaign_events (id, campaign_id, subscriber_id, event_type, occurred_at)
select
    pg_temp.key('f', row_number() over (order by messages.queued_at, messages.id, steps.at)),
    messages.campaign_id,
    messages.subscriber_id,
    steps.event_type::lead.campaign_event_type,
    steps.at
from lead.sms_delivery_events as messages
cross join lateral (values
    ('SENT', messages.sent_at),
    ('DELIVERED', messages.delivered_at),
    ('FAILED', messages.failed_at)
) as steps (event_type, at)
where steps.at is not null;
