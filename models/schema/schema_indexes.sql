{{ config(enabled=contract_declares('schema')) }}

with

indexes as (
    select * from {{ ref('catalog_indexes') }}
),

-- Of indexes that are the same, the first stays: what a constraint needs, then a unique
-- one, then the oldest.
ranked as (
    select
        index_oid,
        first_value(index_name) over same_definition as kept_index_name,
        row_number() over same_definition as place
    from indexes
    where is_valid
    window same_definition as (
        partition by table_oid, definition
        order by backs_constraint desc, is_unique desc, index_oid asc
    )
),

final as (
    select
        indexes.table_name,
        indexes.index_name,
        indexes.method,
        indexes.is_unique,
        indexes.is_partial,
        indexes.estimated_bytes,
        indexes.backs_constraint,
        not indexes.is_valid as is_invalid,
        case when ranked.place > 1 then ranked.kept_index_name end as duplicate_of,
        coalesce(ranked.place > 1, false) as is_duplicate
    from indexes
    left join ranked on indexes.index_oid = ranked.index_oid
)

select * from final
