{{ config(enabled=contract_declares('schema', 'structure.tables')) }}

with

declared as (
    select * from {{ ref('declared_tables') }}
),

tables as (
    select
        table_name,
        schema_name,
        relation_name
    from {{ ref('catalog_tables') }}
),

matched as (
    select
        declared.table_name,
        count(*) as matching_table_count
    from declared
    inner join tables
        on
            declared.table_name = tables.table_name
            or (declared.is_glob and tables.table_name like declared.pattern)
    group by declared.table_name
),

-- A table of that name somewhere else, or a view in its place: what was meant, perhaps.
-- Those of other tenants' schemas are theirs.
namesakes as (
    select
        declared.table_name,
        string_agg(
            format('%I.%I', namespaces.nspname, relations.relname),
            ', ' order by namespaces.nspname, relations.relname
        ) as namesakes
    from declared
    left join matched on declared.table_name = matched.table_name
    inner join pg_catalog.pg_class as relations
        on
            declared.table_name = relations.relname
            or right(declared.table_name, length(relations.relname) + 1)
            = '.' || relations.relname
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
    where
        matched.table_name is null
        and relations.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespaces.nspname !~ '^(pg_|information_schema$|counterfoil)'
        and (
            not {{ is_tenant_schema('namespaces.nspname') }}
            or declared.table_name = namespaces.nspname || '.' || relations.relname
        )
    group by declared.table_name
),

final as (
    select
        declared.table_name,
        declared.tier,
        declared.module,
        declared.is_glob,
        coalesce(matched.matching_table_count, 0) as matching_table_count,
        (matched.table_name is null) as is_missing,
        case
            when matched.table_name is null
                then coalesce(namesakes.namesakes, 'nothing')
        end as namesakes,
        case declared.tier
            when 'critical' then 'critical'
            when 'important' then 'warning'
            else 'info'
        end as severity
    from declared
    left join matched on declared.table_name = matched.table_name
    left join namesakes
        on declared.table_name = namesakes.table_name
)

select * from final
