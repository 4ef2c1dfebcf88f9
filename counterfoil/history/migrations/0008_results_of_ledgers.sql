-- A result is a check's, and of ledgers one ledger's; '' where it is of none.
alter table check_results
    add column ledger text not null default '',
    drop constraint check_results_pkey,
    add primary key (audit_number, check_id, ledger);

alter table followed_checks
    add column ledger text not null default '',
    drop constraint followed_checks_pkey,
    add primary key (database_name, check_id, ledger);

alter table incidents add column ledger text not null default '';

update incidents set ledger = key ->> 'ledger' where check_id like 'ledger.%';

insert into followed_checks (database_name, check_id, ledger, followed_at)
select distinct
    incidents.database_name,
    incidents.check_id,
    incidents.ledger,
    followed_checks.followed_at
from incidents
inner join followed_checks
    on
        incidents.database_name = followed_checks.database_name
        and incidents.check_id = followed_checks.check_id
where incidents.ledger <> '';

delete from followed_checks where check_id like 'ledger.%' and ledger = '';

-- What was found of all ledgers at once is one's where there was but one.
update check_results set ledger = only_ledger.ledger
from
    audits,
    (
        select
            database_name,
            min(ledger) as ledger
        from (
            select
                database_name,
                ledger
            from incidents
            where ledger <> ''
            union all
            select
                database_name,
                ledger
            from closed_through
        ) as known
        group by database_name
        having count(distinct ledger) = 1
    ) as only_ledger
where
    check_results.check_id like 'ledger.%'
    and audits.audit_number = check_results.audit_number
    and only_ledger.database_name = audits.database_name;
