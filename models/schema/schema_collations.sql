{{ config(enabled=contract_declares('schema')) }}

with

storage as (
    select * from {{ ref('catalog_storage') }}
),

tables as (
    select * from {{ ref('catalog_tables') }}
),

-- A column of an index, by the collation that it is ordered by; 0 is none.
ordered as (
    select
        part.collation_oid,
        indexes.indexrelid as index_oid,
        tables.table_name,
        attributes.attname::text as column_name
    from storage
    inner join tables on storage.table_oid = tables.table_oid
    inner join pg_catalog.pg_index as indexes on storage.storage_oid = indexes.indrelid
    cross join
        lateral unnest(indexes.indcollation::oid[], indexes.indkey::int2[])
            as part (collation_oid, column_number)
    left join pg_catalog.pg_attribute as attributes
        on
            indexes.indrelid = attributes.attrelid
            and part.column_number = attributes.attnum
    where part.collation_oid <> 0
),

counted as (
    select
        collation_oid,
        count(distinct index_oid) as index_count,
        string_agg(
            distinct concat_ws('.', table_name, coalesce(column_name, '(expression)')),
            ', '
        ) as column_names
    from ordered
    group by collation_oid
),

-- That of the database, which a column has unless it says otherwise, is recorded with it.
versions as (
    select
        collations.oid as collation_oid,
        case
            when collations.collprovider = 'd' then 'default'
            else {{ relation_label('namespaces.nspname', 'collations.collname') }}
        end as collation_name,
        case
            when collations.collprovider = 'd' then databases.datcollversion
            else collations.collversion
        end as recorded_version,
        case
            when collations.collprovider = 'd'
                then pg_catalog.pg_database_collation_actual_version(databases.oid)
            else pg_catalog.pg_collation_actual_version(collations.oid)
        end as present_version
    from pg_catalog.pg_collation as collations
    inner join pg_catalog.pg_namespace as namespaces
        on collations.collnamespace = namespaces.oid
    inner join pg_catalog.pg_database as databases
        on databases.datname = current_database()
),

final as (
    select
        versions.collation_name,
        versions.recorded_version,
        versions.present_version,
        counted.index_count,
        counted.column_names,
        -- What has no version cannot change, or nobody would know.
        (
            versions.recorded_version is null
            or versions.recorded_version is not distinct from versions.present_version
        ) as is_current
    from counted
    inner join versions on counted.collation_oid = versions.collation_oid
)

select * from final
