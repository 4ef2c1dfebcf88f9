-- What was changed by hand since, in the platform's editor: no migration says so, and a
-- table's page shows each policy beside the others, as if the strictest held.

-- For support, one afternoon. Policies are or'ed: everybody sees every booking.
create policy bookings_support on public.bookings
for select to authenticated using (true);
-- Any user who has signed in, not the one whose row it is.
create policy group_members_signed_in on public.group_members
for select to authenticated using (auth.uid() is not null);
-- Whoever has signed in may write a notification to anybody.
create policy notifications_system on public.notifications
for insert to authenticated with check (true);
-- While payouts failed. The policy is still there, and holds nobody.
alter table public.vendor_stripe_accounts disable row level security;
