{{ config(enabled=contract_declares('schema', 'structure.indexes')) }}

with

declared as (
    select
        declared.table as table_name,
        declared.columns,
        declared.name as declared_name,
        coalesce(declared."unique", false) as is_expected_unique
    from ({{ expected_items('indexes') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, columns jsonb, name text, "unique" boolean)
),

indexes as (
    select
        indexes.table_name,
        indexes.index_name,
        indexes.is_valid,
        indexes.is_unique,
        indexes.is_partial,
        (
            select jsonb_agg(attributes.attname order by position.ordinality)
            from
                unnest(indexes.column_numbers) with ordinality
                    as position (column_number, ordinality)
            left join pg_catalog.pg_attribute as attributes
                on
                    indexes.table_oid = attributes.attrelid
                    and position.column_number = attributes.attnum
            where position.ordinality <= indexes.key_column_count
        ) as columns
    from {{ ref('catalog_indexes') }} as indexes
),

matched as (
    select
        declared.table_name,
        coalesce(
            declared.declared_name,
            array_to_string(
                array(select jsonb_array_elements_text(declared.columns)), ', '
            )
        ) as column_names,
        case
            when declared.is_expected_unique then 'unique index' else 'index'
        end as kind,
        min(indexes.index_name) as index_name,
        count(indexes.index_name) as index_count,
        coalesce(bool_or(indexes.is_valid), false) as is_valid,
        coalesce(
            bool_or(
                indexes.is_valid
                and (indexes.is_unique or not declared.is_expected_unique)
            ),
            false
        ) as is_as_declared
    from declared
    left join indexes
        on
            declared.table_name = indexes.table_name
            and (
                declared.declared_name = indexes.index_name
                or (declared.columns = indexes.columns and not indexes.is_partial)
            )
    group by
        declared.table_name,
        declared.columns,
        declared.declared_name,
        declared.is_expected_unique
),

final as (
    select
        table_name,
        column_names,
        kind,
        index_name,
        case
            when is_as_declared then 'as declared'
            when index_count = 0 then 'is missing'
            when not is_valid then 'is invalid'
            else 'is not unique'
        end as state
    from matched
)

select * from final
