{{ config(enabled=contract_declares('schema', 'structure.policies')) }}

with

declared as (
    select
        declared.table as table_name,
        declared.name as policy_name,
        declared.command as expected_command,
        coalesce(declared.restrictive, false) as is_expected_restrictive
    from ({{ expected_items('policies') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, name text, command text, restrictive boolean)
),

policies as (
    select * from {{ ref('catalog_policies') }}
),

final as (
    select
        declared.table_name,
        declared.policy_name,
        declared.expected_command,
        policies.command as actual_command,
        case
            when policies.policy_oid is null and declared.is_expected_restrictive
                then 'is missing, and with it what it kept from others'
            when policies.policy_oid is null then 'is missing'
            when policies.is_permissive and declared.is_expected_restrictive
                then 'is permissive, and restrictive is declared'
            when not policies.is_permissive and not declared.is_expected_restrictive
                then 'is restrictive, and permissive is declared'
            when declared.expected_command <> policies.command
                then
                    'is for ' || policies.command || ', and ' || declared.expected_command
                    || ' is declared'
            else 'as declared'
        end as state,
        -- Without a permissive one less is seen, without a restrictive one more.
        case
            when declared.is_expected_restrictive then 'critical' else 'warning'
        end as severity
    from declared
    left join policies
        on
            declared.table_name = policies.table_name
            and declared.policy_name = policies.policy_name
)

select * from final
