select
    audits.database_name,
    audits.audit_id,
    audits.audit_number,
    audits.snapshot_at,
    check_results.check_id,
    nullif(check_results.ledger, '') as ledger,
    check_results.severity,
    check_results.status,
    check_results.category,
    check_results.owner,
    check_results.relation,
    check_results.rows_checked,
    check_results.finding_count,
    check_results.waived_count,
    check_results.seconds,
    check_results.detail
from {{ source('history', 'check_results') }} as check_results
inner join {{ source('history', 'audits') }} as audits
    on check_results.audit_number = audits.audit_number
