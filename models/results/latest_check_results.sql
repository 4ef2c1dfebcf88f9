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

results as (
    select check_history.*
    from {{ ref('check_history') }} as check_history
    inner join begun
        on
            check_history.database_name = begun.database_name
            and check_history.audit_number >= begun.audit_number
),

final as (
    select distinct on (database_name, check_id, ledger) *
    from results
    order by database_name asc, check_id asc, ledger asc, audit_number desc
)

select * from final
