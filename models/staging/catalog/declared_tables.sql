{{ config(enabled=contract_declares('schema')) }}

with

groups as (
    select declared.*
    from
        jsonb_to_recordset({{ contract_json(contract_part('structure.tables') or []) }})
            as declared (tier text, module text, names jsonb)
),

of_contract as (
    select
        groups.tier,
        groups.module,
        name.value as table_name,
        (name.value ~ '[*?]') as is_glob,
        {{ like_pattern('name.value') }} as pattern
    from groups
    cross join lateral jsonb_array_elements_text(groups.names) as name (value)
),

{% set in_each = var('derived').get('in_each_schema', {}).get('tables') %}
{% if in_each %}
in_each as (
    select
        declared.tier,
        declared.module,
        tenant_schemas.schema_name || '.' || name.value as table_name,
        (name.value ~ '[*?]') as is_glob,
        {{ like_pattern('tenant_schemas.schema_name') }}
        || '.' || {{ like_pattern('name.value') }} as pattern
    from {{ ref('catalog_tenant_schemas') }} as tenant_schemas
    cross join
        jsonb_to_recordset({{ contract_json(in_each) }})
            as declared (tier text, module text, names jsonb)
    cross join lateral jsonb_array_elements_text(declared.names) as name (value)
),

final as (
    select * from of_contract
    union all
    select * from in_each
)
{% else %}
final as (
    select * from of_contract
)
{% endif %}

select * from final
