{{ config(enabled=contract_declares('schema')) }}

-- A table with its partitions, however deep: a table without any stands for itself.
with recursive

tables as (
    select * from {{ ref('catalog_tables') }}
),

storage as (
    select
        tables.table_oid,
        tables.table_oid as storage_oid
    from tables

    union all

    select
        storage.table_oid,
        inheritance.inhrelid as storage_oid
    from storage
    inner join pg_catalog.pg_inherits as inheritance
        on storage.storage_oid = inheritance.inhparent
    inner join pg_catalog.pg_class as partition
        on inheritance.inhrelid = partition.oid
    where partition.relispartition
)

select * from storage
