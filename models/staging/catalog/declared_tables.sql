{{ config(enabled=contract_declares('schema')) }}

with

groups as (
    select declared.*
    from
        jsonb_to_recordset({{ contract_json(contract_part('structure.tables') or []) }})
            as declared (tier text, module text, names jsonb)
),

final as (
    select
        groups.tier,
        groups.module,
        name.value as table_name,
        (name.value ~ '[*?]') as is_glob,
        {{ like_pattern('name.value') }} as pattern
    from groups
    cross join lateral jsonb_array_elements_text(groups.names) as name (value)
)

select * from final
