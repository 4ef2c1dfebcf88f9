{{ config(enabled=contract_declares('health')) }}

-- How many transactions ago what is oldest in a table was written, as Postgres counts: two
-- thousand million are all that it can tell apart. What a table keeps aside (TOAST) is its
-- own, and a partition is its root's.
with

relations as (
    select
        relations.oid as relation_oid,
        coalesce(pg_catalog.pg_partition_root(relations.oid), relations.oid) as root_oid,
        greatest(age(relations.relfrozenxid), mxid_age(relations.relminmxid)) as age,
        greatest(age(aside.relfrozenxid), mxid_age(aside.relminmxid)) as age_aside
    from pg_catalog.pg_class as relations
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
    left join pg_catalog.pg_class as aside
        on relations.reltoastrelid = aside.oid
    where
        relations.relkind in ('r', 'm')
        and relations.relpersistence <> 't'
        and {{ is_in_schemas('namespaces.nspname') }}
),

tables as (
    select
        {{ relation_label('namespaces.nspname', 'roots.relname') }} as object_name,
        max(greatest(relations.age, relations.age_aside)) as age
    from relations
    inner join pg_catalog.pg_class as roots on relations.root_oid = roots.oid
    inner join pg_catalog.pg_namespace as namespaces on roots.relnamespace = namespaces.oid
    where not {{ is_extension_owned('pg_class', 'roots.oid') }}
    group by namespaces.nspname, roots.relname
),

limits as (
    select
        {{ contract_part('health.transaction_ids_used_percent')
           if contract_part('health.transaction_ids_used_percent') is not none else 50 }}::numeric
            as allowed_percent
),

-- The database is as old as its oldest table, and says what another schema's makes of it.
objects as (
    select
        'table' as object_kind,
        object_name,
        age::bigint as age,
        true as is_told
    from tables

    union all

    select
        'database' as object_kind,
        databases.datname::text as object_name,
        greatest(age(databases.datfrozenxid), mxid_age(databases.datminmxid))::bigint
            as age,
        not exists (
            select true from tables
            cross join limits
            where tables.age > limits.allowed_percent * 20000000
        ) as is_told
    from pg_catalog.pg_database as databases
    where databases.datname = current_database()
),

final as (
    select
        objects.object_kind,
        objects.object_name,
        objects.age,
        round(objects.age / 20000000.0, 1) as used_percent,
        limits.allowed_percent,
        (
            objects.age <= limits.allowed_percent * 20000000 or not objects.is_told
        ) as has_room
    from objects
    cross join limits
)

select * from final
