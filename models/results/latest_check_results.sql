with

latest_audits as (
    select max(audit_number) as audit_number
    from {{ source('history', 'audits') }}
    group by database_name
),

final as (
    select check_history.*
    from {{ ref('check_history') }} as check_history
    inner join latest_audits
        on check_history.audit_number = latest_audits.audit_number
)

select * from final
