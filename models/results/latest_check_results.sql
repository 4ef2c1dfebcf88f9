with

audits as (
    select * from {{ source('history', 'audits') }}
),

-- An audit of some packs says nothing of the others: of those the last whole one does.
begun as (
    select
        database_name,
        coalesce(
            max(audit_number) filter (where cardinality(packs_left_out) = 0),
            min(audit_number)
        ) as audit_number
    from audits
    group by database_name
),

final as (
    select distinct on (check_history.database_name, check_history.check_id)
        check_history.*
    from {{ ref('check_history') }} as check_history
    inner join begun
        on
            check_history.database_name = begun.database_name
            and check_history.audit_number >= begun.audit_number
    order by
        check_history.database_name,
        check_history.check_id,
        check_history.audit_number desc
)

select * from final
