{{ config(enabled=contract_declares('schema', 'structure.foreign_keys')) }}

with

declared as materialized (
    select
        row_number() over () as position_in_contract,
        declared.table as table_name,
        declared.columns,
        declared."references" as expected_parent,
        declared.on_delete as expected_delete_rule,
        array(
            select name.value
            from jsonb_array_elements_text(declared.columns) as name (value)
            order by name.value
        ) as column_set
    from ({{ expected_items('foreign_keys') }}) as items
    cross join lateral jsonb_to_record(items.item)
        as declared ("table" text, columns jsonb, "references" text, on_delete text)
),

column_sets as materialized (
    select
        constraint_oid,
        array_agg(column_name order by column_name) as column_set
    from {{ ref('catalog_foreign_key_columns') }}
    group by constraint_oid
),

foreign_keys as materialized (
    select
        foreign_keys.table_name,
        foreign_keys.constraint_name,
        foreign_keys.parent_table_name,
        foreign_keys.delete_rule,
        column_sets.column_set
    from {{ ref('catalog_foreign_keys') }} as foreign_keys
    inner join column_sets on foreign_keys.constraint_oid = column_sets.constraint_oid
),

-- Of several on the same columns, the one that is most like the declared.
matched as (
    select distinct on (declared.position_in_contract)
        declared.*,
        foreign_keys.constraint_name,
        foreign_keys.parent_table_name as actual_parent,
        foreign_keys.delete_rule as actual_delete_rule
    from declared
    left join foreign_keys
        on
            declared.table_name = foreign_keys.table_name
            -- The catalog sorts a name byte by byte, the contract's text by its language.
            and declared.column_set @> foreign_keys.column_set
            and declared.column_set <@ foreign_keys.column_set
    order by
        declared.position_in_contract asc,
        (declared.expected_parent = foreign_keys.parent_table_name) desc nulls last,
        (declared.expected_delete_rule = foreign_keys.delete_rule) desc nulls last,
        foreign_keys.constraint_name asc
),

final as (
    select
        table_name,
        array_to_string(column_set, ', ') as column_names,
        expected_parent,
        expected_delete_rule,
        constraint_name,
        actual_parent,
        actual_delete_rule,
        case
            when constraint_name is null then 'is missing'
            when actual_parent <> expected_parent then 'references another table'
            when actual_delete_rule <> expected_delete_rule
                then 'has another delete rule'
            else 'as declared'
        end as state,
        concat_ws(' on delete ', expected_parent, expected_delete_rule) as declared,
        case
            when constraint_name is null then 'none'
            else concat_ws(' on delete ', actual_parent, actual_delete_rule)
        end as found
    from matched
)

select * from final
