{{ config(enabled=contract_declares('schema', 'structure.columns')) }}

with

declared as (
    select declared.*
    from ({{ expected_items('columns') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, "column" text, type text, nullable boolean)
),

columns as (
    select * from {{ ref('catalog_columns') }}
),

compared as (
    select
        declared.table as table_name,
        declared.column as column_name,
        declared.type as expected_type,
        declared.nullable as is_expected_nullable,
        columns.type_name as actual_type,
        not columns.is_not_null as is_actual_nullable,
        (columns.column_name is null) as is_missing,
        -- Whichever of its names the contract uses; without a length, any length.
        columns.column_name is not null
        and declared.type is not null
        and declared.type <> columns.type_name
        and (
            to_regtype(declared.type) is distinct from columns.type_oid::regtype
            or replace(substring(declared.type from '\([^)]*\)'), ' ', '')
            <> coalesce(substring(columns.type_name from '\([^)]*\)'), '')
        ) as is_type_different,
        coalesce(
            declared.nullable <> not columns.is_not_null, false
        ) as is_nullability_different
    from declared
    left join columns
        on
            declared.table = columns.table_name
            and declared.column = columns.column_name
),

final as (
    select
        table_name,
        column_name,
        expected_type,
        is_expected_nullable,
        actual_type,
        is_actual_nullable,
        case
            when is_missing then 'is missing'
            when coalesce(is_type_different, false)
                then
                    'has type ' || actual_type || ', and ' || expected_type
                    || ' is declared'
                    || case
                        when is_nullability_different
                            then ', nor is it nullable as declared'
                        else ''
                    end
            when is_nullability_different and is_actual_nullable then 'can be null'
            when is_nullability_different then 'cannot be null'
            else 'as declared'
        end as state
    from compared
)

select * from final
