{{ config(enabled=contract_declares('schema')) }}

with

tables as materialized (
    select * from {{ ref('catalog_tables') }}
),

parts as materialized (
    select * from {{ ref('catalog_storage') }}
),

storage as (
    select
        storage.table_oid,
        sum(relations.reltuples) filter (where relations.relkind <> 'p') as row_count,
        -- Postgres says -1 of a table that it has not looked at yet.
        min(relations.reltuples) filter (where relations.relkind <> 'p')
            as least_row_count,
        sum(relations.relpages)::bigint
        * current_setting('block_size')::bigint as byte_count,
        count(*) filter (where storage.storage_oid <> storage.table_oid)
            as partition_count,
        bool_or(relations.relpersistence = 'u' and relations.relkind <> 'p')
            as is_unlogged,
        count(*) filter (
            where storage.storage_oid <> storage.table_oid
            and not relations.relrowsecurity
        ) as unsecured_partition_count
    from parts as storage
    inner join pg_catalog.pg_class as relations on storage.storage_oid = relations.oid
    group by storage.table_oid
),

policies as (
    select
        storage.table_oid,
        count(*) filter (where storage.storage_oid = storage.table_oid) as policy_count,
        bool_or(not relations.relrowsecurity) as has_idle_policy
    from parts as storage
    inner join pg_catalog.pg_class as relations on storage.storage_oid = relations.oid
    inner join pg_catalog.pg_policy as policies
        on storage.storage_oid = policies.polrelid
    group by storage.table_oid
),

primary_keys as (
    select conrelid as table_oid
    from pg_catalog.pg_constraint
    where contype = 'p'
),

-- A name before a glob, and of globs the longest.
declared as (
    select distinct on (tables.table_oid)
        tables.table_oid,
        declared_tables.tier,
        declared_tables.module
    from tables
    inner join {{ ref('declared_tables') }} as declared_tables
        on
            tables.table_name = declared_tables.table_name
            or (
                declared_tables.is_glob
                and tables.table_name like declared_tables.pattern
            )
    order by
        tables.table_oid asc,
        declared_tables.is_glob asc,
        length(declared_tables.table_name) desc,
        declared_tables.table_name asc
),

known as (
    select
        listed.key as table_name,
        coalesce((listed.value ->> 'in_use')::boolean, false) as is_in_use
    from jsonb_each(
        {{ contract_json(var('contract').get('tables') or {}) }}
    ) as listed
),

{% if contract_part('tenant') %}
owned as materialized (
    select * from {{ ref('tenant_owned_tables') }}
),

anchored as materialized (
    select table_oid from {{ ref('tenant_anchored_tables') }}
),
{% else %}
owned as (
    select
        null::oid as table_oid,
        null::text as tenant_column
    where false
),

anchored as (
    select null::oid as table_oid
    where false
),
{% endif %}

final as (
    select
        tables.table_name,
        tables.schema_name,
        case tables.relation_kind
            when 'r' then 'table'
            when 'p' then 'partitioned table'
            when 'f' then 'foreign table'
        end as kind,
        declared.tier,
        declared.module,
        case
            when storage.least_row_count >= 0 then storage.row_count::bigint
        end as estimated_row_count,
        storage.byte_count as estimated_bytes,
        storage.partition_count,
        owned.tenant_column,
        (owned.table_oid is not null) as is_tenant_owned,
        pg_catalog.pg_get_userbyid(tables.owner_oid)::text as owner_role,
        tables.has_row_security,
        tables.is_row_security_forced,
        coalesce(policies.policy_count, 0) as policy_count,
        storage.unsecured_partition_count,
        (declared.table_oid is null and known.table_name is null) as is_unexpected,
        (
            primary_keys.table_oid is null and tables.relation_kind <> 'f'
        ) as is_primary_key_missing,
        (
            owned.table_oid is not null
            and anchored.table_oid is null
            and not (
                owned.tenant_column is not null
                and coalesce({{ matches_glob(
                    'tables.table_name', contract_texts('tenant.optional_tables')
                ) }}, false)
            )
        ) as is_tenant_missing,
        -- What the application only keeps for a while may go with a crash: the contract
        -- calls it supporting.
        (
            storage.is_unlogged
            and (
                declared.tier is distinct from 'supporting'
                or coalesce(known.is_in_use, false)
            )
        ) as is_lost_in_a_crash,
        (
            tables.has_row_security and coalesce(policies.policy_count, 0) = 0
            or coalesce(policies.has_idle_policy, false)
        ) as is_row_security_incomplete,
        case
            when
                tables.relation_kind = 'f'
                and {{ is_open_to_visitors('tables.schema_name', 'tables.table_oid') }}
                then 'is a foreign table, which no row security holds'
            when
                {% if contract_part('structure.row_security.visitors') %}
                not (
                    {{ is_exposed_schema('tables.schema_name') }}
                    or tables.table_name = any(
                        {{ contract_texts('structure.row_security.required') }}
                    )
                )
                {% else %}
                owned.table_oid is null
                {% endif %}
                or tables.relation_kind = 'f'
                or not coalesce({{ matches_glob(
                    'tables.table_name',
                    contract_texts('structure.row_security.required')
                ) }}, false)
                then 'not required'
            when not tables.has_row_security and coalesce(policies.policy_count, 0) = 0
                then 'has no row security'
            when
                tables.has_row_security
                and not tables.is_row_security_forced
                and pg_catalog.pg_get_userbyid(tables.owner_oid) = any(
                    {{ contract_texts('structure.row_security.application_roles') }}
                )
                then 'does not hold its row security against its owner'
            when tables.has_row_security and storage.unsecured_partition_count > 0
                then
                    'has row security, and '
                    || storage.unsecured_partition_count
                    || ' of its partitions have none'
            else 'held'
        end as row_security,
        case
            when owned.table_oid is null then 'belongs to no tenant'
            when anchored.table_oid is not null then 'leads to a tenant'
            when owned.tenant_column is null then 'has no tenant column'
            else 'has a tenant column that may be null, ' || owned.tenant_column
        end as tenant_state
    from tables
    inner join storage on tables.table_oid = storage.table_oid
    left join policies on tables.table_oid = policies.table_oid
    left join primary_keys on tables.table_oid = primary_keys.table_oid
    left join declared on tables.table_oid = declared.table_oid
    left join known on tables.table_name = known.table_name
    left join owned on tables.table_oid = owned.table_oid
    left join anchored on tables.table_oid = anchored.table_oid
)

select * from final
