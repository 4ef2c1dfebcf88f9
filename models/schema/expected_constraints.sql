{{ config(enabled=contract_declares('schema', 'structure.constraints')) }}

with

declared as (
    select
        declared.table as table_name,
        coalesce(declared."check", declared.exclude) as name,
        case
            when declared."check" is not null then 'check'
            when declared.exclude is not null then 'exclusion'
            else 'unique'
        end as kind,
        array(select jsonb_array_elements_text(declared."unique")) as unique_columns
    from ({{ expected_items('constraints') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, "unique" jsonb, "check" text, exclude text)
),

named as (
    select
        tables.table_name,
        constraints.conname::text as name,
        case constraints.contype when 'c' then 'check' else 'exclusion' end as kind,
        constraints.convalidated as is_validated,
        coalesce((to_jsonb(constraints) ->> 'conenforced')::boolean, true)
            as is_enforced
    from {{ ref('catalog_tables') }} as tables
    inner join pg_catalog.pg_constraint as constraints
        on tables.table_oid = constraints.conrelid
    where constraints.contype in ('c', 'x')
),

uniques as (
    select
        indexes.table_name,
        indexes.is_valid,
        array_agg(columns.column_name) as unique_columns
    from {{ ref('catalog_indexes') }} as indexes
    cross join
        lateral unnest(indexes.column_numbers) with ordinality
            as position (column_number, ordinality)
    left join {{ ref('catalog_columns') }} as columns
        on
            indexes.table_oid = columns.table_oid
            and position.column_number = columns.column_number
    where
        indexes.is_unique
        and not indexes.is_partial
        and position.ordinality <= indexes.key_column_count
    group by indexes.index_oid, indexes.table_name, indexes.is_valid
),

matched as (
    select
        declared.table_name,
        coalesce(declared.name, array_to_string(declared.unique_columns, ', '))
            as constraint_name,
        declared.kind,
        (count(uniques.table_name) + count(named.table_name)) > 0 as is_present,
        coalesce(bool_or(uniques.is_valid), bool_or(named.is_validated), false)
            as is_valid,
        coalesce(bool_or(named.is_enforced), true) as is_enforced
    from declared
    left join uniques
        on
            declared.kind = 'unique'
            and declared.table_name = uniques.table_name
            and declared.unique_columns @> uniques.unique_columns
            and declared.unique_columns <@ uniques.unique_columns
    left join named
        on
            declared.table_name = named.table_name
            and declared.name = named.name
            and declared.kind = named.kind
    group by
        declared.table_name, declared.name, declared.kind, declared.unique_columns
),

final as (
    select
        table_name,
        constraint_name,
        kind,
        case
            when not is_present then 'is missing'
            when not is_enforced then 'is NOT ENFORCED'
            when not is_valid and kind = 'check' then 'is NOT VALID'
            when not is_valid then 'is invalid'
            else 'as declared'
        end as state
    from matched
)

select * from final
