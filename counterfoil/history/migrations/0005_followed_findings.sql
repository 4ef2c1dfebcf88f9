-- Every finding is followed, listed or not: what was not listed has no message.
alter table incidents
    alter column message drop not null,
    -- Null since it was seen when its check's findings were last followed.
    alter column last_seen_at drop not null,
    -- The view and column of its sizes.
    add column sized_by text;

-- Where a size still means what it did it is kept; any other is compared with nothing.
update incidents set sized_by = case
    when check_id in (
        'capacity.available_matches_ledger', 'capacity.available_matches_ledger_exactly'
    ) then 'competition_capacity.discrepancy_tokens'
    when check_id = 'capacity.closed_days_unchanged'
        then 'closed_day_changes.ledger_tokens_change'
    when check_id = 'integrity.volume_plausible' then 'source_tables.row_count_change'
end;

update incidents set first_size = null, size = null, worst_size = null where sized_by is null;

create table followed_checks (
    database_name text not null,
    check_id text not null,
    followed_at timestamptz not null,
    primary key (database_name, check_id)
);

-- An audit of before followed only what it listed.
alter table check_results add column is_followed boolean not null default true;

update check_results set is_followed = finding_count <= (
    select count(*)
    from findings
    where
        findings.audit_number = check_results.audit_number
        and findings.check_id = check_results.check_id
);
