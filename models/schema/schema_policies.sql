{{ config(enabled=contract_declares('schema')) }}

with

policies as (
    select * from {{ ref('catalog_policies') }}
),

-- Those that depend on owner columns, of their own table or of another.
naming as (
    select distinct policies.policy_oid
    from policies
    inner join pg_catalog.pg_depend as dependencies
        on
            policies.policy_oid = dependencies.objid
            and dependencies.classid = 'pg_catalog.pg_policy'::regclass
            and dependencies.refclassid = 'pg_catalog.pg_class'::regclass
    inner join {{ ref('owner_columns') }} as owner_columns
        on
            dependencies.refobjid = owner_columns.table_oid
            and dependencies.refobjsubid = owner_columns.column_number
    where
        dependencies.refobjid = policies.table_oid
        -- Through another table, but for the row at hand.
        or exists (
            select true
            from pg_catalog.pg_depend as own_columns
            where
                own_columns.classid = 'pg_catalog.pg_policy'::regclass
                and own_columns.objid = policies.policy_oid
                and own_columns.refclassid = 'pg_catalog.pg_class'::regclass
                and own_columns.refobjid = policies.table_oid
                and own_columns.refobjsubid > 0
        )
),

owner_columns as (
    select
        table_oid,
        array_agg(distinct column_name order by column_name) as column_names
    from {{ ref('owner_columns') }}
    group by table_oid
),

-- What has the same answer for everybody says of nobody whether they are there.
functions as (
    select
        policies.policy_oid,
        array_agg(
            distinct namespaces.nspname || '.' || functions.proname
            order by namespaces.nspname || '.' || functions.proname
        ) as function_names
    from policies
    inner join pg_catalog.pg_depend as dependencies
        on
            policies.policy_oid = dependencies.objid
            and dependencies.classid = 'pg_catalog.pg_policy'::regclass
            and dependencies.refclassid = 'pg_catalog.pg_proc'::regclass
    inner join pg_catalog.pg_proc as functions on dependencies.refobjid = functions.oid
    inner join pg_catalog.pg_namespace as namespaces
        on functions.pronamespace = namespaces.oid
    where functions.provolatile <> 'i'
    group by policies.policy_oid
),

-- Those for roles that row security does not hold anyway, or that may see everything.
trusted as (
    select policies.policy_oid
    from policies
    inner join pg_catalog.pg_roles as roles on roles.oid = any(policies.role_oids)
    group by policies.policy_oid, policies.role_oids
    having
        count(*) = cardinality(policies.role_oids)
        and bool_and(
            roles.rolsuper
            or roles.rolbypassrls
            or roles.rolname
            = any({{ contract_texts('structure.row_security.trusted_roles') }})
        )
),

-- A restrictive policy narrows each permissive one of its commands and roles.
narrowed as (
    select
        permissive.policy_oid,
        array_agg(restrictive.policy_name order by restrictive.policy_name)
            as policy_names
    from policies as permissive
    inner join policies as restrictive
        on
            permissive.table_oid = restrictive.table_oid
            and restrictive.command_code in ('*', permissive.command_code)
            and (
                0 = any(restrictive.role_oids)
                or restrictive.role_oids @> permissive.role_oids
            )
    where permissive.is_permissive and not restrictive.is_permissive
    group by permissive.policy_oid
),

owned as (
    {% if contract_part('tenant') %}
    select table_oid from {{ ref('tenant_owned_tables') }}

    union

    select table_oid
    from {{ ref('catalog_tables') }}
    where table_name = {{ text_literal(contract_part('tenant.table')) }}
    {% else %}
    select table_oid from {{ ref('owner_columns') }}
    {% endif %}

    union

    select table_oid
    from {{ ref('catalog_tables') }}
    where {{ is_exposed_schema('schema_name') }}
),

final as (
    select
        policies.table_name,
        policies.relation_name,
        policies.policy_name,
        policies.command,
        policies.is_permissive,
        array_to_string(
            array(
                select coalesce(roles.rolname::text, 'public')
                from unnest(policies.role_oids) as granted (role_oid)
                left join pg_catalog.pg_roles as roles on granted.role_oid = roles.oid
                order by coalesce(roles.rolname::text, 'public')
            ),
            ', '
        ) as role_names,
        policies.seen_expression,
        policies.written_expression,
        coalesce(owner_columns.column_names, '{}') as owner_columns,
        (naming.policy_oid is not null) as names_owner,
        coalesce(functions.function_names, '{}') as function_names,
        coalesce(narrowed.policy_names, '{}') as narrowed_by,
        case
            when policies.table_oid not in (select owned.table_oid from owned)
                then 'of no tenant'
            when not policies.is_permissive then 'narrows'
            when trusted.policy_oid is not null then 'trusted'
            when coalesce({{ matches_glob(
                'policies.table_name', contract_texts('structure.row_security.shared')
            ) }}, false)
                then 'shares'
            else 'opens'
        end as standing
    from policies
    left join naming on policies.policy_oid = naming.policy_oid
    left join owner_columns on policies.table_oid = owner_columns.table_oid
    left join functions on policies.policy_oid = functions.policy_oid
    left join trusted on policies.policy_oid = trusted.policy_oid
    left join narrowed on policies.policy_oid = narrowed.policy_oid
)

select * from final
