select
    incidents.incident_id,
    incidents.database_name,
    incidents.check_id,
    nullif(incidents.ledger, '') as ledger,
    incidents.fingerprint,
    incidents.status,
    incidents.severity,
    incidents.owner,
    incidents.tenant_id,
    incidents.subject,
    incidents.key,
    incidents.message,
    incidents.first_seen_at,
    incidents.opened_at,
    incidents.clean_before,
    coalesce(incidents.last_seen_at, followed_checks.followed_at) as last_seen_at,
    incidents.resolved_at,
    incidents.reopened_count,
    incidents.first_size,
    incidents.size,
    incidents.worst_size,
    incidents.sized_by
from {{ source('history', 'incidents') }} as incidents
left join {{ source('history', 'followed_checks') }} as followed_checks
    on
        incidents.database_name = followed_checks.database_name
        and incidents.check_id = followed_checks.check_id
        and incidents.ledger = followed_checks.ledger
