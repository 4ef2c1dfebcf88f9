-- Upon the tables of the demo, demo/wallets/schema.sql.
-- '7' is the id that ends on 7.
create function uid(id text) returns text language sql immutable
return lpad(id, 32, '0')::uuid::text;

insert into organizations values (uid('a1'), 'Acme'), (uid('a2'), 'Bolt');

insert into wallets
    (id, organization_id, customer_id, name, balance_currency, traceable)
values
(uid('b1'), uid('a1'), uid('c1'), 'Euros', 'EUR', true),
(uid('b2'), uid('a1'), uid('c2'), 'Dollars', 'USD', true),
(uid('b3'), uid('a1'), uid('c3'), 'Yen', 'JPY', true),
(uid('b4'), uid('a2'), uid('c4'), 'Dinars', 'KWD', true),
(uid('b5'), uid('a2'), uid('c5'), 'Before tracing', 'EUR', false),
(uid('b6'), uid('a2'), uid('c6'), 'Failed once', 'USD', true),
(uid('b7'), uid('a2'), uid('c7'), 'One top-up', 'USD', true),
(uid('b8'), uid('a2'), uid('c8'), 'Never used', 'USD', true);

-- A credit is worth a unit, but for the yen, where it is worth a hundred.
insert into wallet_transactions
select
    uid(rows.id), uid(wallet), wallets.organization_id, type, status, amount,
    amount / case wallet when 'b3' then 100 else 1 end, settled_at::timestamptz
from (values
    ('1', 'b1', 0, 1, 100.00, '2026-02-01 09:00+00'),
    ('2', 'b1', 1, 1, 14.28, '2026-02-03 09:00+00'),
    ('3', 'b2', 0, 1, 10.00, '2026-02-01 10:00+00'),
    ('4', 'b2', 0, 1, 100.00, '2026-02-02 10:00+00'),
    ('5', 'b2', 1, 1, 25.00, '2026-02-05 10:00+00'),
    ('6', 'b2', 1, 1, 0.05, '2026-02-06 10:00+00'),
    ('7', 'b2', 0, 0, 40.00, null),
    ('8', 'b2', 1, 2, 5.00, null),
    ('9', 'b3', 0, 1, 3000, '2026-02-01 11:00+00'),
    ('10', 'b3', 1, 1, 450, '2026-02-04 11:00+00'),
    ('11', 'b4', 0, 1, 12.345, '2026-02-01 12:00+00'),
    ('12', 'b4', 1, 1, 0.005, '2026-02-07 12:00+00'),
    ('13', 'b5', 0, 1, 60.00, '2026-02-01 13:00+00'),
    ('14', 'b5', 1, 1, 20.00, '2026-02-08 13:00+00'),
    ('15', 'b6', 0, 1, 1.00, '2026-02-01 14:00+00'),
    ('16', 'b6', 0, 1, 1.00, '2026-02-02 14:00+00'),
    ('17', 'b7', 0, 1, 100.00, '2026-02-01 15:00+00')
) as rows (id, wallet, type, status, amount, settled_at)
join wallets on wallets.id = uid(wallet);

-- One dollar an hour, of the same size each.
insert into wallet_transactions
select
    uid('1' || lpad(hour::text, 2, '0')), uid('b2'), uid('a1'), 1, 1, 1, 1,
    '2026-02-10 00:00+00'::timestamptz + interval '1 hour' * hour
from generate_series(1, 15) as hour;

-- Some of what was paid out was for invoices: that of transaction 2 is d2. Invoice da was voided,
-- and paid back; df has not been finalized.
insert into invoices
select
    uid('d' || right(id, 1)), organization_id, wallet_id, 'finalized', 100 * amount,
    settled_at - interval '1 hour', settled_at
from wallet_transactions
where id in (uid('2'), uid('5'));
update wallet_transactions set invoice_id = uid('d' || right(id, 1))
where id in (uid('2'), uid('5'));

insert into invoices values
(uid('da'), uid('a1'), uid('b1'), 'voided', 3000, '2026-02-09 12:00+00', '2026-02-09 13:00+00'),
(uid('df'), uid('a1'), uid('b1'), 'draft', 700, '2026-03-20 12:00+00', null);
insert into wallet_transactions values
(uid('21'), uid('b1'), uid('a1'), 1, 1, 30, 30, '2026-02-09 13:00+00', null, uid('da')),
(uid('22'), uid('b1'), uid('a1'), 0, 1, 30, 30, '2026-02-12 13:00+00', null, uid('da'));

insert into wallet_transaction_consumptions
    (inbound_wallet_transaction_id, outbound_wallet_transaction_id, consumed_amount_cents)
values
(uid('1'), uid('21'), 3000),
(uid('1'), uid('2'), 1428),
(uid('3'), uid('5'), 1000),
(uid('4'), uid('5'), 1500),
(uid('4'), uid('6'), 5),
(uid('9'), uid('10'), 450),
(uid('11'), uid('12'), 5);
insert into wallet_transaction_consumptions
    (inbound_wallet_transaction_id, outbound_wallet_transaction_id, consumed_amount_cents)
select uid('4'), id, 100 from wallet_transactions where amount = 1 and transaction_type = 1;

update wallets set
    balance_cents = cents,
    credits_balance = credits
from (
    select
        wallet_id,
        sum(case transaction_type when 0 then credit_amount else -credit_amount end) as credits,
        sum(
            case transaction_type when 0 then amount else -amount end
            * case balance_currency when 'JPY' then 1 when 'KWD' then 1000 else 100 end
        ) as cents
    from wallet_transactions
    join wallets on wallets.id = wallet_id
    where status = 1
    group by wallet_id
) as settled
where wallets.id = wallet_id;

update wallet_transactions set
    remaining_amount_cents
        = amount * case balance_currency when 'JPY' then 1 when 'KWD' then 1000 else 100 end
        - (
            select coalesce(sum(consumed_amount_cents), 0)
            from wallet_transaction_consumptions
            where inbound_wallet_transaction_id = wallet_transactions.id
        )
from wallets
where
    wallets.id = wallet_id and traceable and transaction_type = 0 and status = 1;
