{{ config(enabled=contract_declares('schema', 'structure.timestamps')) }}

with

tables as (
    select *
    from {{ ref('catalog_tables') }}
    where relation_kind <> 'f'
),

columns as (
    select * from {{ ref('catalog_columns') }}
),

declared as (
    select
        unnest({{ contract_texts('structure.timestamps') }}) as column_name
),

final as (
    select
        tables.table_name,
        declared.column_name,
        case
            when columns.column_name is null then 'is missing'
            when columns.type_name !~ '^timestamp(\(\d\))? with time zone$'
                then 'is no instant (timestamptz)'
            when not columns.is_not_null then 'can be null'
            when not columns.has_default then 'has no default'
            else 'kept'
        end as state
    from tables
    cross join declared
    left join columns
        on
            tables.table_oid = columns.table_oid
            and declared.column_name = columns.column_name
)

select * from final
