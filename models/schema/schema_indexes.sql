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

-- By themselves, so that they are joined by their tables: Postgres expects none of them to
-- pass the conditions that follow, and would compare each index with each.
pairs as materialized (
    select
        shorter.index_oid,
        longer.index_oid as longer_index_oid,
        longer.index_name as longer_index_name,
        (
            shorter.method = 'btree'
            and shorter.is_valid
            and not shorter.is_unique
            and not shorter.backs_constraint
            and not shorter.is_replica_identity
            and longer.method = 'btree'
            and longer.is_valid
            and longer.key_column_count >= shorter.key_column_count
            and shorter.columns_ordered[:shorter.key_column_count]
            = longer.columns_ordered[:shorter.key_column_count]
            and shorter.predicate is not distinct from longer.predicate
            and cardinality(longer.columns_ordered)
            > cardinality(shorter.columns_ordered)
            -- An int2vector counts from 0.
            and longer.column_numbers
            @> (shorter.column_numbers)[shorter.key_column_count:]
        ) as is_prefix
    from indexes as shorter
    inner join indexes as longer on shorter.table_oid = longer.table_oid
),

-- An index that another begins with serves no query that the other does not, nor promises
-- anything: of what it includes, the other has all.
prefixes as (
    select distinct on (index_oid)
        index_oid,
        longer_index_name
    from pairs
    where is_prefix
    order by index_oid asc, longer_index_oid asc
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
        coalesce(ranked.place > 1, false) as is_duplicate,
        case when ranked.place = 1 then prefixes.longer_index_name end as prefix_of,
        (
            prefixes.longer_index_name is not null and ranked.place = 1
        ) as is_redundant
    from indexes
    left join ranked on indexes.index_oid = ranked.index_oid
    left join prefixes on indexes.index_oid = prefixes.index_oid
)

select * from final
