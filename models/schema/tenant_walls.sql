{{ config(enabled=contract_declares('schema', 'tenant')) }}

with

tables as (
    select * from {{ ref('schema_tables') }}
),

policies as (
    select * from {{ ref('schema_policies') }}
),

open_policies as (
    select
        table_name,
        count(*) as open_policy_count,
        min(policy_name) as first_policy_name
    from policies
    where effect in ('shows', 'lets write')
    group by table_name
),

final as (
    select
        tables.table_name,
        tables.module,
        tables.policy_count,
        coalesce(open_policies.open_policy_count, 0) as open_policy_count,
        (
            tables.row_security = 'held'
            and not tables.is_row_security_incomplete
            and open_policies.table_name is null
        ) as is_held,
        case
            when tables.row_security <> 'held' then tables.row_security
            when tables.is_row_security_incomplete and tables.policy_count = 0
                then 'has row security without a policy'
            when tables.is_row_security_incomplete
                then 'has policies, and its row security is off'
            when open_policies.table_name is not null
                then format(
                    'policy %s asks for no tenant', open_policies.first_policy_name
                )
            else 'held'
        end as state
    from tables
    left join open_policies on tables.table_name = open_policies.table_name
    where tables.row_security <> 'not required'
)

select * from final
