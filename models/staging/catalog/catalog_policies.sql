{{ config(enabled=contract_declares('schema')) }}

with

tables as (
    select * from {{ ref('catalog_tables') }}
),

policies as (
    select
        policies.oid as policy_oid,
        policies.polname::text as policy_name,
        tables.table_oid,
        tables.table_name,
        tables.relation_name,
        policies.polpermissive as is_permissive,
        policies.polcmd::text as command_code,
        policies.polroles as role_oids,
        pg_catalog.pg_get_expr(policies.polqual, policies.polrelid) as using_expression,
        pg_catalog.pg_get_expr(policies.polwithcheck, policies.polrelid)
            as check_expression
    from tables
    inner join pg_catalog.pg_policy as policies on tables.table_oid = policies.polrelid
),

final as (
    select
        *,
        case command_code
            when '*' then 'all'
            when 'r' then 'select'
            when 'a' then 'insert'
            when 'w' then 'update'
            when 'd' then 'delete'
        end as command,
        -- What Postgres holds the rows that are seen to, and those that are written: a
        -- policy without a condition holds them to nothing.
        case
            when command_code <> 'a' then coalesce(using_expression, 'true')
        end as seen_expression,
        case
            when command_code in ('*', 'a', 'w')
                then coalesce(check_expression, using_expression, 'true')
        end as written_expression
    from policies
)

select * from final
