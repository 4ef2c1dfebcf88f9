-- Two users with a row each of what the probes look at.

insert into auth.users (id, email) values
('00000000-0000-0000-0000-00000000000a', 'ada@example.com'),
('00000000-0000-0000-0000-00000000000b', 'bea@example.com');
insert into public.profiles (id, display_name)
select id, split_part(email, '@', 1) from auth.users;
insert into public.bookings (user_id)
select id from public.profiles;
insert into public.vendor_stripe_accounts (user_id)
select id from public.profiles;
