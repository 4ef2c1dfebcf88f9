select
    incidents.database_name,
    audits.audit_id,
    audits.audit_number,
    audits.snapshot_at,
    incident_changes.incident_id,
    incidents.check_id,
    incidents.key,
    incident_changes.change,
    incident_changes.status_before,
    incident_changes.size_before,
    incident_changes.size_after
from {{ source('history', 'incident_changes') }} as incident_changes
inner join {{ source('history', 'incidents') }} as incidents
    on incident_changes.incident_id = incidents.incident_id
inner join {{ source('history', 'audits') }} as audits
    on incident_changes.audit_number = audits.audit_number
