-- Balances that are older than their entries, and since when their openings are on record.
create table recorded_balances (
    database_name text not null,
    ledger text not null,
    balance text not null,
    recorded_at timestamptz not null,
    primary key (database_name, ledger, balance)
);

-- An account that is not here appeared later: it begins at 0.
create table recorded_openings (
    database_name text not null,
    ledger text not null,
    balance text not null,
    account text not null,
    amount numeric not null,
    primary key (database_name, ledger, balance, account),
    foreign key (database_name, ledger, balance) references recorded_balances on delete cascade
);
