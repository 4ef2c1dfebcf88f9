-- What a careful person runs by hand, one query after the other: the queries of the two
-- audit reports, and the plain form of each check. A line `-- name` begins each.

-- report 1: tenant overview
select
    t.name,
    t.subdomain,
    (select count(*) from studios as s where s.tenant_id = t.id) as studios,
    (select count(*) from dancers as d where d.tenant_id = t.id) as dancers,
    (select count(*) from reservations as r where r.tenant_id = t.id) as reservations,
    (select count(*) from competition_entries as e where e.tenant_id = t.id) as entries,
    (select count(*) from competitions as c where c.tenant_id = t.id) as competitions
from tenants as t;
-- report 1: leaks, reservations to studios
select count(*) from reservations as r join studios as s on s.id = r.studio_id
where r.tenant_id <> s.tenant_id;
-- report 1: leaks, reservations to competitions
select count(*) from reservations as r join competitions as c on c.id = r.competition_id
where r.tenant_id <> c.tenant_id;
-- report 1: leaks, entries to studios
select count(*) from competition_entries as e join studios as s on s.id = e.studio_id
where e.tenant_id <> s.tenant_id;
-- report 1: leaks, entries to competitions
select count(*) from competition_entries as e join competitions as c on c.id = e.competition_id
where e.tenant_id <> c.tenant_id;
-- report 1: leaks, dancers to studios
select count(*) from dancers as d join studios as s on s.id = d.studio_id
where d.tenant_id <> s.tenant_id;
-- leaks, entries to reservations
select count(*) from competition_entries as e join reservations as r on r.id = e.reservation_id
where e.tenant_id <> r.tenant_id;
-- leaks, ledger to competitions
select count(*) from capacity_ledger as l join competitions as c on c.id = l.competition_id
where l.tenant_id <> c.tenant_id;
-- leaks, ledger to reservations
select count(*) from capacity_ledger as l join reservations as r on r.id = l.reservation_id
where l.tenant_id <> r.tenant_id;
-- report 1: orphans, dancers without a studio
select count(*) from dancers as d left join studios as s on s.id = d.studio_id
where s.id is null;
-- report 1: orphans, entries without a reservation
select count(*) from competition_entries as e left join reservations as r
    on r.id = e.reservation_id
where r.id is null;
-- report 1: orphans, entries without a competition
select count(*) from competition_entries as e left join competitions as c
    on c.id = e.competition_id
where c.id is null;
-- orphans, entries without a studio
select count(*) from competition_entries as e left join studios as s on s.id = e.studio_id
where s.id is null;
-- report 1: orphans, reservations without a studio
select count(*) from reservations as r left join studios as s on s.id = r.studio_id
where s.id is null;
-- report 1: orphans, reservations without a competition
select count(*) from reservations as r left join competitions as c on c.id = r.competition_id
where c.id is null;
-- orphans, ledger without a competition
select count(*) from capacity_ledger as l left join competitions as c
    on c.id = l.competition_id
where c.id is null;
-- orphans, ledger with a reservation that is gone
select count(*) from capacity_ledger as l left join reservations as r
    on r.id = l.reservation_id
where l.reservation_id is not null and r.id is null;
-- tenants that are gone, or not set: dancers
select count(*) from dancers as d left join tenants as t on t.id = d.tenant_id
where t.id is null;
-- tenants that are gone, or not set: studios
select count(*) from studios as s left join tenants as t on t.id = s.tenant_id
where t.id is null;
-- tenants that are gone, or not set: competitions
select count(*) from competitions as c left join tenants as t on t.id = c.tenant_id
where t.id is null;
-- tenants that are gone, or not set: reservations
select count(*) from reservations as r left join tenants as t on t.id = r.tenant_id
where t.id is null;
-- tenants that are gone, or not set: entries
select count(*) from competition_entries as e left join tenants as t on t.id = e.tenant_id
where t.id is null;
-- tenants that are gone, or not set: ledger
select count(*) from capacity_ledger as l left join tenants as t on t.id = l.tenant_id
where t.id is null;
-- references not set: reservations to studios
select count(*) from reservations where studio_id is null;
-- references not set: reservations to competitions
select count(*) from reservations where competition_id is null;
-- references not set: entries to studios
select count(*) from competition_entries where studio_id is null;
-- references not set: entries to competitions
select count(*) from competition_entries where competition_id is null;
-- references not set: entries to reservations
select count(*) from competition_entries where reservation_id is null;
-- references not set: dancers to studios
select count(*) from dancers where studio_id is null;
-- references not set: ledger to competitions
select count(*) from capacity_ledger where competition_id is null;
-- report 1: duplicate dancers
select studio_id, first_name, last_name, date_of_birth, count(*) from dancers
group by studio_id, first_name, last_name, date_of_birth having count(*) > 1;
-- report 1: duplicate entries
select competition_id, studio_id, title, count(*) from competition_entries
where status != 'cancelled'
group by competition_id, studio_id, title having count(*) > 1;
-- report 1: dancers without a birth date
select count(*) from dancers where date_of_birth is null;
-- report 1: entries without a category
select count(*) from competition_entries where category_id is null;
-- report 1: approvals without spaces
select count(*) from reservations where status = 'approved' and spaces_confirmed is null;
-- values allowed: reservation status
select count(*) from reservations
where status not in (
    'pending', 'approved', 'summarized', 'invoiced', 'closed', 'rejected', 'cancelled'
);
-- values allowed: spaces requested
select count(*) from reservations where spaces_requested < 0 or spaces_requested is null;
-- values allowed: spaces confirmed
select count(*) from reservations where spaces_confirmed < 0;
-- values allowed: total tokens
select count(*) from competitions where total_reservation_tokens < 0;
-- values allowed: subdomains
select count(*) from tenants where subdomain !~ '^[a-z0-9-]+$';
-- report 1: discrepancies, with the sign put right
select * from (
    select
        c.id,
        c.name,
        abs(
            c.available_reservation_tokens
            - (c.total_reservation_tokens + coalesce(sum(l.change_amount), 0))
        ) as discrepancy
    from competitions as c left join capacity_ledger as l on l.competition_id = c.id
    group by c.id
) as compared
where discrepancy > 50;
-- discrepancies beyond 0
select c.id
from competitions as c left join capacity_ledger as l on l.competition_id = c.id
group by c.id
having c.available_reservation_tokens
    <> c.total_reservation_tokens + coalesce(sum(l.change_amount), 0);
-- which sign brings more competitions to 0
select
    count(*) filter (where available = total + ledger) as negative,
    count(*) filter (where available = total - ledger) as positive
from (
    select
        c.available_reservation_tokens as available,
        c.total_reservation_tokens as total,
        sum(l.change_amount) as ledger
    from competitions as c join capacity_ledger as l on l.competition_id = c.id
    group by c.id
) as compared;
-- report 2: reconciliation
select
    c.total_reservation_tokens,
    c.available_reservation_tokens,
    coalesce(sum(l.change_amount), 0) as ledger_net
from competitions as c left join capacity_ledger as l on l.competition_id = c.id
group by c.id;
-- report 2: daily reconciliation
select
    c.name,
    abs(
        c.available_reservation_tokens
        - (c.total_reservation_tokens + coalesce(sum(l.change_amount), 0))
    ) as discrepancy
from competitions as c left join capacity_ledger as l on l.competition_id = c.id
group by c.id
having abs(
    c.available_reservation_tokens
    - (c.total_reservation_tokens + coalesce(sum(l.change_amount), 0))
) > 5;
-- report 2: ledger growth
select count(*), min(created_at), max(created_at) from capacity_ledger;
-- ledger activity by day, competition and reason
select created_at::date, competition_id, reason, count(*), sum(change_amount)
from capacity_ledger group by created_at::date, competition_id, reason
order by created_at::date desc limit 200;
-- closed days, to compare with what was noted of them
select created_at::date, competition_id, count(*), sum(change_amount)
from capacity_ledger where created_at < '2025-10-28' group by created_at::date, competition_id;
-- report 2: the last 20 entries
select l.created_at, c.name, l.reservation_id, l.change_amount, l.reason, s.name
from capacity_ledger as l
join competitions as c on c.id = l.competition_id
left join reservations as r on r.id = l.reservation_id
left join studios as s on s.id = r.studio_id
order by l.created_at desc limit 20;
-- report 2: approvals without an entry
select count(*) from reservations as r left join capacity_ledger as l
    on l.reservation_id = r.id and l.reason = 'reservation_approval'
where r.status in ('approved', 'summarized', 'invoiced', 'closed')
    and r.spaces_confirmed is not null and l.id is null;
-- approvals without an entry since the epoch
select count(*) from reservations as r left join capacity_ledger as l
    on l.reservation_id = r.id and l.reason = 'reservation_approval'
where r.status in ('approved', 'summarized', 'invoiced', 'closed')
    and r.spaces_confirmed > 0 and l.id is null
    and (r.approved_at is null or r.approved_at >= '2025-10-29 00:12+00');
-- approval recorded once
select reservation_id, count(*) from capacity_ledger
where reason = 'reservation_approval' group by reservation_id having count(*) > 1;
-- approval amount matches spaces
select r.id from reservations as r join capacity_ledger as l
    on l.reservation_id = r.id and l.reason = 'reservation_approval'
where l.change_amount <> -r.spaces_confirmed;
-- refund matches unused spaces
select r.id from reservations as r
left join (
    select reservation_id, count(*) as entries from competition_entries
    where status <> 'cancelled' group by reservation_id
) as e on e.reservation_id = r.id
left join (
    select reservation_id, sum(change_amount) as refunds from capacity_ledger
    where reason in ('summary_refund', 'cancellation_refund') group by reservation_id
) as l on l.reservation_id = r.id
where r.status in ('summarized', 'invoiced', 'closed')
    and coalesce(l.refunds, 0) <> greatest(r.spaces_confirmed - coalesce(e.entries, 0), 0);
-- refund within approval
select reservation_id from capacity_ledger where reservation_id is not null
group by reservation_id having sum(change_amount) > 0;
-- refund follows approval
select f.id from capacity_ledger as f join capacity_ledger as a
    on a.reservation_id = f.reservation_id and a.reason = 'reservation_approval'
where f.reason in ('summary_refund', 'cancellation_refund') and f.created_at < a.created_at;
-- released reservation holds nothing
select r.id from reservations as r join capacity_ledger as l on l.reservation_id = r.id
where r.status in ('pending', 'rejected', 'cancelled')
group by r.id having sum(l.change_amount) <> 0;
-- ledger entry has reservation
select id from capacity_ledger
where reservation_id is null and reason <> 'manual_adjustment';
-- ledger entry matches competition
select l.id from capacity_ledger as l join reservations as r on r.id = l.reservation_id
where l.competition_id <> r.competition_id;
-- ledger reason and sign agree
select id from capacity_ledger
where change_amount = 0
    or (reason = 'reservation_approval' and change_amount > 0)
    or (reason in ('summary_refund', 'cancellation_refund') and change_amount < 0)
    or reason not in (
        'reservation_approval', 'summary_refund', 'cancellation_refund', 'manual_adjustment'
    );
-- ledger entry time plausible
select l.id from capacity_ledger as l
join competitions as c on c.id = l.competition_id
left join reservations as r on r.id = l.reservation_id
where l.created_at > '2025-10-29 06:00+00' or l.created_at < c.created_at
    or l.created_at < r.created_at;
-- no rapid repeat
select b.id from capacity_ledger as a join capacity_ledger as b
    on b.reservation_id = a.reservation_id and b.reason = a.reason
    and b.change_amount = a.change_amount and b.id <> a.id
where b.created_at between a.created_at and a.created_at + interval '5 seconds';
-- running balance in range
select distinct competition_id from (
    select
        l.competition_id,
        c.total_reservation_tokens
        + sum(l.change_amount) over (partition by l.competition_id order by l.created_at)
            as balance,
        c.total_reservation_tokens as total
    from capacity_ledger as l join competitions as c on c.id = l.competition_id
) as running
where balance < 0 or balance > total;
-- not oversold
select c.id from competitions as c
join (
    select r.competition_id, sum(r.spaces_confirmed) as spaces from reservations as r
    where r.status in ('approved', 'summarized', 'invoiced', 'closed')
    group by r.competition_id
) as held on held.competition_id = c.id
left join (
    select r.competition_id, sum(l.change_amount) as refunds
    from capacity_ledger as l join reservations as r on r.id = l.reservation_id
    where l.reason in ('summary_refund', 'cancellation_refund')
        and r.status in ('approved', 'summarized', 'invoiced', 'closed')
    group by r.competition_id
) as returned on returned.competition_id = c.id
where held.spaces - coalesce(returned.refunds, 0) > c.total_reservation_tokens;
-- sources: dancers
select count(*) from dancers;
-- sources: tenants
select count(*) from tenants;
-- sources: studios
select count(*) from studios;
-- sources: competitions
select count(*) from competitions;
-- sources: reservations
select count(*) from reservations;
-- sources: entries
select count(*) from competition_entries;
-- sources: ledger, and how fresh it is
select count(*), max(created_at) from capacity_ledger;
