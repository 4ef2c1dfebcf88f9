-- Closed days are of any ledger's entries. Those that are kept are of the only one there was.
alter table closed_days
    add column ledger text not null default 'capacity',
    add column entries text not null default 'capacity_ledger';
alter table closed_days rename column competition_id to account;
alter table closed_days rename column ledger_tokens to entries_amount;
alter table closed_days
    alter column entries_amount type numeric,
    alter column ledger drop default,
    alter column entries drop default,
    drop constraint closed_days_pkey,
    add primary key (database_name, ledger, entries, day, account);

alter table closed_through
    add column ledger text not null default 'capacity',
    add column entries text not null default 'capacity_ledger';
alter table closed_through
    alter column ledger drop default,
    alter column entries drop default,
    drop constraint closed_through_pkey,
    add primary key (database_name, ledger, entries);

alter table stated_changes
    add column ledger text not null default 'capacity',
    add column entries_of text not null default 'capacity_ledger';
alter table stated_changes rename column competition_id to account;
alter table stated_changes rename column ledger_tokens to entries_amount;
alter table stated_changes rename column entries to entry_rows;
alter table stated_changes rename column entries_of to entries;
alter table stated_changes
    alter column entries_amount type numeric,
    alter column ledger drop default,
    alter column entries drop default,
    drop constraint stated_changes_pkey,
    add primary key (plan_id, ledger, entries, day, account);

-- The rows that a plan named are looked for by the names of any ledger.
update stated_changes set entry_rows = (
    select
        coalesce(jsonb_agg(jsonb_build_object(
            'entry', named -> 'ledger_entry_id',
            'hold', named -> 'reservation_id',
            'change_amount', named -> 'change_tokens',
            'reason', named -> 'reason',
            'created_at', named -> 'created_at'
        )), '[]')
    from jsonb_array_elements(entry_rows) as named
);
