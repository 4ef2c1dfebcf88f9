{{ config(enabled=contract_declares('schema')) }}

with

policies as (
    select * from {{ ref('catalog_policies') }}
),

-- The owner columns that a policy depends on, of its own table or of another.
mentioned as (
    select
        policies.policy_oid,
        string_agg(
            distinct {{ regex_literal('owner_columns.column_name') }},
            '|'
        ) as column_pattern
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
    group by policies.policy_oid
),

-- What is quoted is no column, and a condition or'ed with true is none.
read as (
    select
        policies.*,
        mentioned.column_pattern,
        regexp_replace(policies.seen_expression, $$'([^']|'')*'$$, $$''$$, 'g') as seen,
        regexp_replace(policies.written_expression, $$'([^']|'')*'$$, $$''$$, 'g')
            as written
    from policies
    left join mentioned on policies.policy_oid = mentioned.policy_oid
),

judged as (
    select
        *,
        coalesce(
            seen is null
            or seen !~ '(^|\mOR )true\M'
            and seen ~ ('(^|[^[:alnum:]_"])(' || column_pattern || ')($|[^[:alnum:]_"])'),
            false
        ) as is_seen_by_owner,
        coalesce(
            written is null
            or written !~ '(^|\mOR )true\M'
            and written
            ~ ('(^|[^[:alnum:]_"])(' || column_pattern || ')($|[^[:alnum:]_"])'),
            false
        ) as is_written_by_owner
    from read
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
        bool_or(restrictive.is_seen_by_owner and restrictive.seen is not null)
            as is_seen_by_owner,
        bool_or(restrictive.is_written_by_owner and restrictive.written is not null)
            as is_written_by_owner
    from judged as permissive
    inner join judged as restrictive
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
),

final as (
    select
        judged.table_name,
        judged.policy_name,
        judged.command,
        judged.is_permissive,
        array_to_string(
            array(
                select coalesce(roles.rolname::text, 'public')
                from unnest(judged.role_oids) as granted (role_oid)
                left join pg_catalog.pg_roles as roles on granted.role_oid = roles.oid
                order by coalesce(roles.rolname::text, 'public')
            ),
            ', '
        ) as role_names,
        judged.using_expression,
        judged.check_expression,
        case
            when judged.table_oid not in (select owned.table_oid from owned)
                then 'of no tenant'
            when not judged.is_permissive then 'narrows'
            when trusted.policy_oid is not null then 'trusted'
            when
                not judged.is_seen_by_owner
                and not coalesce(narrowed.is_seen_by_owner, false)
                then 'shows'
            when
                not judged.is_written_by_owner
                and not coalesce(narrowed.is_written_by_owner, false)
                then 'lets write'
            else 'walled'
        end as effect
    from judged
    left join trusted on judged.policy_oid = trusted.policy_oid
    left join narrowed on judged.policy_oid = narrowed.policy_oid
)

select * from final
