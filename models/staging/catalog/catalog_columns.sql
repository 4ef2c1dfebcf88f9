{{ config(enabled=contract_declares('schema')) }}

with

tables as (
    select * from {{ ref('catalog_tables') }}
),

attributes as (
    select * from pg_catalog.pg_attribute
),

-- From 18 on a NOT NULL is a constraint, and may be NOT VALID: rows may be null then.
unproven as (
    select
        conrelid as table_oid,
        conkey[1] as column_number
    from pg_catalog.pg_constraint
    where contype = 'n' and not convalidated
),

final as (
    select
        tables.table_oid,
        tables.table_name,
        tables.relation_kind,
        attributes.attnum as column_number,
        attributes.attname::text as column_name,
        attributes.atttypid as type_oid,
        coalesce(nullif(types.typbasetype, 0), types.oid) as base_type_oid,
        pg_catalog.format_type(attributes.atttypid, attributes.atttypmod) as type_name,
        (attributes.atthasdef or attributes.attidentity <> '') as has_default,
        (
            (attributes.attnotnull or types.typnotnull)
            and unproven.table_oid is null
        ) as is_not_null
    from tables
    inner join attributes on tables.table_oid = attributes.attrelid
    inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
    left join unproven
        on
            attributes.attrelid = unproven.table_oid
            and attributes.attnum = unproven.column_number
    where attributes.attnum > 0 and not attributes.attisdropped
)

select * from final
