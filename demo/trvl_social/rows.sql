-- Two users with a row each of what the probes look at.

insert into auth.users (id, email) values
('00000000-0000-0000-0000-00000000000a', 'ada@example.com'),
('00000000-0000-0000-0000-00000000000b', 'bea@example.com');
insert into public.profiles (id, display_name)
select id, split_part(email, '@', 1) from auth.users;
-- Each offers an adventure, and has booked the other's.
insert into public.vendors (user_id)
select id from public.profiles;
insert into public.adventures (user_id)
select id from public.profiles;
insert into public.bookings (user_id, adventure_id, vendor_id)
select
    profiles.id,
    adventures.id,
    vendors.id
from public.profiles
inner join public.adventures on profiles.id != adventures.user_id
inner join public.vendors on adventures.user_id = vendors.user_id;
insert into public.vendor_stripe_accounts (user_id)
select id from public.profiles;
