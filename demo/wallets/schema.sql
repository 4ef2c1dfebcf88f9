-- After Lago: prepaid wallets. The transactions are in units of the currency, the balance
-- in its smallest; what was paid in is used up by what is paid out, first come, first
-- served. An invoice is paid out of its customer's wallet.
create table organizations (
    id text primary key,
    name text not null
);

create table wallets (
    id text primary key,
    organization_id text not null references organizations (id),
    customer_id text not null,
    name text,
    credits_balance numeric(30, 5) not null default 0,
    balance_cents bigint not null default 0,
    balance_currency text not null,
    traceable boolean not null default true,
    created_at timestamptz not null default '2026-01-31 08:00+00'
);

-- status: draft, finalized, voided.
create table invoices (
    id text primary key,
    organization_id text not null references organizations (id),
    wallet_id text not null references wallets (id),
    status text not null,
    amount_cents bigint not null,
    created_at timestamptz not null,
    finalized_at timestamptz null
);

-- transaction_type: 0 in, 1 out. status: 0 pending, 1 settled, 2 failed.
create table wallet_transactions (
    id text primary key,
    wallet_id text not null references wallets (id),
    organization_id text not null references organizations (id),
    transaction_type int not null,
    status int not null,
    amount numeric(30, 5) not null,
    credit_amount numeric(30, 5) not null,
    settled_at timestamptz null,
    remaining_amount_cents bigint null,
    invoice_id text null references invoices (id)
);

create table wallet_transaction_consumptions (
    id bigint generated always as identity primary key,
    inbound_wallet_transaction_id text not null references wallet_transactions (id),
    outbound_wallet_transaction_id text not null references wallet_transactions (id),
    consumed_amount_cents bigint not null
);
