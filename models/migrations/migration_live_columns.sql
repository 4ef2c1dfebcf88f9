{{ config(
    enabled=contract_declares('migrations'), schema='counterfoil_staging'
) }}

-- As counterfoil/migrations/replay.py has it of what migrations make.
with

final as (
    select
        namespace.nspname::text as schema_name,
        relation.relname::text as relation_name,
        attributes.attname::text as column_name,
        case
            when type_schemas.nspname = 'pg_catalog'
                then regexp_replace(
                    pg_catalog.format_type(types.oid, null), '^character varying$', 'text'
                )
            when types.typtype = 'e'
                then
                    quote_ident(type_schemas.nspname) || '.' || quote_ident(types.typname)
        end as type_name,
        case
            when relation.relkind in ('r', 'p', 'f')
                then not (attributes.attnotnull or types.typnotnull)
        end as is_nullable,
        (
            select array_agg(enums.enumlabel::text order by enums.enumsortorder)
            from pg_catalog.pg_enum as enums
            where enums.enumtypid = types.oid
        ) as labels
    from pg_catalog.pg_class as relation
    inner join pg_catalog.pg_namespace as namespace
        on relation.relnamespace = namespace.oid
    inner join pg_catalog.pg_attribute as attributes
        on relation.oid = attributes.attrelid
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    inner join pg_catalog.pg_namespace as type_schemas
        on types.typnamespace = type_schemas.oid
    where
        relation.relkind in ('r', 'p', 'f', 'v', 'm')
        and namespace.nspname !~ '^(pg_|counterfoil)'
        and namespace.nspname <> 'information_schema'
        and attributes.attnum > 0
        and not attributes.attisdropped
)

select * from final
