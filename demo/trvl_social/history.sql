-- The record that the platform keeps of its migrations: each of the 26 is in it.

create schema supabase_migrations;
create table supabase_migrations.schema_migrations (
    version text primary key,
    name text not null
);
insert into supabase_migrations.schema_migrations (version, name) values
    ('20250901090000', 'core_user'),
    ('20250902090000', 'vendor_adventure_1'),
    ('20250903090000', 'vendor_adventure_2'),
    ('20250904090000', 'booking_payment_1'),
    ('20250905090000', 'booking_payment_2'),
    ('20250906090000', 'booking_payment_3'),
    ('20250907090000', 'booking_payment_4'),
    ('20250908090000', 'booking_payment_5'),
    ('20250909090000', 'booking_payment_6'),
    ('20250910090000', 'community_social_1'),
    ('20250911090000', 'community_social_2'),
    ('20250912090000', 'community_social_3'),
    ('20250913090000', 'group_management_1'),
    ('20250914090000', 'group_management_2'),
    ('20250915090000', 'notification_communication_1'),
    ('20250916090000', 'notification_communication_2'),
    ('20250917090000', 'notification_communication_3'),
    ('20250918090000', 'moderation_safety_1'),
    ('20250919090000', 'moderation_safety_2'),
    ('20250920090000', 'ml_analytics_1'),
    ('20250921090000', 'ml_analytics_2'),
    ('20250922090000', 'system_infrastructure_1'),
    ('20250923090000', 'system_infrastructure_2'),
    ('20250924090000', 'system_infrastructure_3'),
    ('20250925090000', 'system_infrastructure_4'),
    ('20250926090000', 'system_infrastructure_5');
