{{ config(enabled=contract_declares('schema')) }}

-- Every relation that shows rows of a table with row security, through any views.
with recursive

tables as (
    select
        table_oid,
        table_name
    from {{ ref('catalog_tables') }}
    where has_row_security

    union

    -- What the platform keeps, auth.users for one, is not for visitors to see.
    select
        relations.oid as table_oid,
        namespaces.nspname || '.' || relations.relname as table_name
    from pg_catalog.pg_class as relations
    inner join pg_catalog.pg_namespace as namespaces
        on relations.relnamespace = namespaces.oid
    where
        relations.relkind in ('r', 'p')
        and namespaces.nspname = any(
            {{ contract_texts('structure.row_security.provided_schemas') }}
        )
),

reads as (
    select distinct
        rewrites.ev_class as view_oid,
        dependencies.refobjid as relation_oid
    from pg_catalog.pg_rewrite as rewrites
    inner join pg_catalog.pg_depend as dependencies
        on
            rewrites.oid = dependencies.objid
            and dependencies.classid = 'pg_catalog.pg_rewrite'::regclass
            and dependencies.refclassid = 'pg_catalog.pg_class'::regclass
    where rewrites.ev_class <> dependencies.refobjid
),

shown as (
    select
        table_oid as relation_oid,
        table_name
    from tables

    union

    select
        reads.view_oid as relation_oid,
        shown.table_name
    from shown
    inner join reads on shown.relation_oid = reads.relation_oid
)

select * from shown
