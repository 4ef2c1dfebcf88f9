with

latest_audits as (
    select
        database_name,
        max(audit_number) as audit_number
    from {{ source('history', 'audits') }}
    group by database_name
),

final as (
    select
        audits.database_name,
        audits.audit_id,
        audits.audit_number,
        audits.snapshot_at,
        check_results.check_id,
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
    from latest_audits
    inner join {{ source('history', 'audits') }} as audits
        on latest_audits.audit_number = audits.audit_number
    inner join {{ source('history', 'check_results') }} as check_results
        on latest_audits.audit_number = check_results.audit_number
)

select * from final
