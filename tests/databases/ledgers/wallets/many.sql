-- Forty more wallets in euros, each paid into twice and out of once, with a failed payment.
insert into wallets (id, organization_id, customer_id, name, balance_currency)
select 'm' || n, uid('a1'), 'c' || n, 'Wallet ' || n, 'EUR' from generate_series(1, 40) as n;
insert into wallet_transactions
select
    'm' || n || '.' || part, 'm' || n, uid('a1'), case part when 2 then 1 else 0 end,
    case part when 3 then 2 else 1 end, amount, amount, '2026-03-01 09:00+00',
    case when part < 2 then amount * 100 end
from generate_series(1, 40) as n
cross join lateral (
    values (0, 50 + n), (1, 20 + n * 3), (2, 10 + n % 9), (3, 7 + n)
) as paid (part, amount);
insert into wallet_transaction_consumptions
    (inbound_wallet_transaction_id, outbound_wallet_transaction_id, consumed_amount_cents)
select 'm' || n || '.0', 'm' || n || '.2', (10 + n % 9) * 100 from generate_series(1, 40) as n;
update wallet_transactions set remaining_amount_cents = amount * 100 - consumed
from (
    select inbound_wallet_transaction_id as id, sum(consumed_amount_cents) as consumed
    from wallet_transaction_consumptions group by 1
) as consumptions
where consumptions.id = wallet_transactions.id and wallet_transactions.id like 'm%';
update wallets set balance_cents = booked * 100, credits_balance = booked
from (
    select wallet_id, sum(case transaction_type when 0 then amount else -amount end) as booked
    from wallet_transactions where status = 1 group by 1
) as transactions
where wallet_id = wallets.id and wallets.id like 'm%';
