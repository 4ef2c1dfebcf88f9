select
    audits.database_name,
    audits.audit_id,
    audits.audit_number,
    audits.snapshot_at,
    findings.check_id,
    findings.fingerprint,
    findings.severity,
    findings.tenant_id,
    findings.subject,
    findings.key,
    findings.observed,
    findings.size,
    findings.message,
    findings.waived_by,
    findings.waived_because,
    findings.waived_until
from {{ source('history', 'findings') }} as findings
inner join {{ source('history', 'audits') }} as audits
    on findings.audit_number = audits.audit_number
