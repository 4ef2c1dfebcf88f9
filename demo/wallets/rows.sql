-- The morning of 2026-03-31. Two companies sell by prepaid credits: Relay Mail sends e-mails
-- for euros, Kumo Maps draws maps for dollars. Each of their thirty customers pays in at the
-- beginning of a month, and is invoiced towards its end. All names are made up. Load it into
-- the empty tables of schema.sql, after credits.sql.
--
-- A wallet is called after its number, from which its amounts and instants are computed too.
do $$ begin
    execute format(
        'alter database %I set counterfoil.as_of = %L', current_database(), '2026-03-31T05:00:00Z'
    );
end $$;

insert into organizations (id, name) values
('relay', 'Relay Mail'),
('kumo', 'Kumo Maps');

insert into wallets (id, organization_id, customer_id, name, balance_currency, created_at)
select
    'w' || number,
    case when number <= 18 then 'relay' else 'kumo' end,
    'c' || number,
    name,
    case when number <= 18 then 'EUR' else 'USD' end,
    timestamptz '2025-12-15 08:00+00' + number * interval '7 hours'
from unnest(array[
    'Aster Books', 'Birch Legal', 'Cobalt Studio', 'Dune Travel', 'Ember Coffee', 'Fjord Sails',
    'Gable Homes', 'Harbor Foods', 'Indigo Print', 'Juniper Spa', 'Kestrel Bikes', 'Lumen Optics',
    'Maple Bakery', 'Nimbus Labs', 'Orchid Flowers', 'Pylon Energy', 'Quarry Stone', 'Rowan Toys',
    'Saffron Kitchen', 'Tundra Gear', 'Umber Ceramics', 'Velvet Cinema', 'Willow Garden',
    'Xenon Lights', 'Yarrow Farm', 'Zephyr Kites', 'Alder Tools', 'Basil Market', 'Cedar Desk',
    'Delta Cargo'
]) with ordinality as customers (name, number);

-- Number 16 pays in 50 a month, number 1 a hundred, number 2 two hundred, number 3 five hundred.
create temporary table months on commit drop as
select
    wallets.id as wallet_id,
    organization_id,
    number,
    month,
    (array[50, 100, 200, 500])[1 + number % 4] as paid_in,
    make_timestamptz(2026, month, 1 + number % 5, 9, number, 0, 'UTC') as paid_in_at,
    make_timestamptz(2026, month, 20 + number % 8, 18, number, 0, 'UTC') as invoiced_at
from wallets
cross join lateral (select substr(id, 2)::int as number) as numbers
cross join generate_series(1, 3) as month;

-- Invoices: of each month one, for less than was paid in. Two were voided in the end. Some have
-- a draft for what came after.
insert into invoices
    (id, organization_id, wallet_id, status, amount_cents, created_at, finalized_at)
select
    case when number <= 18 then 'RM-' else 'KM-' end || number * 100 + month,
    organization_id,
    wallet_id,
    case when number in (4, 21) and month = 2 then 'voided' else 'finalized' end,
    paid_in * (35 + 5 * ((7 * number + 3 * month) % 11)) + 13 * number + 7 * month,
    invoiced_at - interval '1 hour',
    invoiced_at
from months;

insert into invoices (id, organization_id, wallet_id, status, amount_cents, created_at)
select
    case when number <= 18 then 'RM-' else 'KM-' end || number * 100 + 4,
    organization_id,
    wallet_id,
    'draft',
    100 + number,
    '2026-03-30 22:00+00'
from months
where month = 3 and number % 5 = 0;

-- Transactions: what was paid in, and what for invoices. Some payments failed, and some have not
-- arrived yet.
insert into wallet_transactions (
    id, wallet_id, organization_id, transaction_type, status, amount, credit_amount, settled_at,
    invoice_id
)
select
    't' || number * 100 + nth,
    wallet_id, organization_id, type, status, amount, amount, settled_at, invoice_id
from (
    select
        number, month as nth, wallet_id, organization_id,
        0 as type, 1 as status, paid_in::numeric as amount, paid_in_at as settled_at,
        null as invoice_id
    from months
    union all
    select
        number, 10 + month, months.wallet_id, months.organization_id,
        1, 1, amount_cents / 100.0, finalized_at, invoices.id
    from months
    join invoices on invoices.wallet_id = months.wallet_id and finalized_at = invoiced_at
    union all
    select number, 20, wallet_id, organization_id, 0, 2, 25, null, null
    from months
    where month = 1 and number % 7 = 0
    union all
    select number, 30, wallet_id, organization_id, 0, 0, 30, null, null
    from months
    where month = 3 and number % 9 = 0
) as moved;

-- The voided invoices, paid back: Dune Travel's, and Umber Ceramics' a second time when the job
-- was retried. Harbor Foods paid in twice more, in one second.
insert into wallet_transactions (
    id, wallet_id, organization_id, transaction_type, status, amount, credit_amount, settled_at,
    invoice_id
)
select
    moved.id, wallets.id, wallets.organization_id, 0, 1, amount, amount,
    settled_at::timestamptz, invoices.id
from (values
    ('t440', 'w4', 'RM-402', null, '2026-02-27 11:20:00+00'),
    ('t2140', 'w21', 'KM-2102', null, '2026-03-30 09:12:00+00'),
    ('t2141', 'w21', 'KM-2102', null, '2026-03-30 14:40:21+00'),
    ('t841', 'w8', null, 75, '2026-03-27 10:15:03.118+00'),
    ('t842', 'w8', null, 20, '2026-03-27 10:15:03.412+00')
) as moved (id, wallet, invoice, paid_in, settled_at)
join wallets on wallets.id = wallet
left join invoices on invoices.id = invoice
cross join lateral (select coalesce(paid_in, amount_cents / 100.0) as amount) as amounts;

-- What was paid in is used up in its order.
with moved as (
    select
        id,
        wallet_id,
        transaction_type,
        100 * amount as cents,
        sum(100 * amount) over (
            partition by wallet_id, transaction_type order by settled_at, id
        ) as upto
    from wallet_transactions
    where status = 1
)

insert into wallet_transaction_consumptions
    (inbound_wallet_transaction_id, outbound_wallet_transaction_id, consumed_amount_cents)
select
    inbound.id, outbound.id,
    least(inbound.upto, outbound.upto)
    - greatest(inbound.upto - inbound.cents, outbound.upto - outbound.cents)
from moved as inbound
join moved as outbound on inbound.wallet_id = outbound.wallet_id
where
    inbound.transaction_type = 0
    and outbound.transaction_type = 1
    and inbound.upto > outbound.upto - outbound.cents
    and outbound.upto > inbound.upto - inbound.cents
order by outbound.id, inbound.id;

update wallet_transactions set
    remaining_amount_cents = 100 * amount - (
        select coalesce(sum(consumed_amount_cents), 0)
        from wallet_transaction_consumptions
        where inbound_wallet_transaction_id = wallet_transactions.id
    )
where transaction_type = 0 and status = 1;

-- So far the application's balance followed every transaction.
update wallets set balance_cents = 100 * credits_balance;

-- Kestrel Bikes' invoice of March was taken from the balance, and the worker was killed before
-- it wrote the transaction.
insert into invoices values (
    'RM-1105', 'relay', 'w11', 'finalized', 24000, '2026-03-18 16:00:00+00',
    '2026-03-18 16:04:09+00'
);
update wallets set balance_cents = balance_cents - 24000 where name = 'Kestrel Bikes';

-- Harbor Foods: both requests read the same balance, and the second wrote over the first.
update wallets set balance_cents = balance_cents - 7500 where name = 'Harbor Foods';

-- Maple Bakery complained, and somebody in support gave it 100.00, by hand.
update wallets set balance_cents = balance_cents + 10000 where name = 'Maple Bakery';
