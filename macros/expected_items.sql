{#
    What the contract expects under a list of `structure`, and in each schema of a tenant: there
    a table that does not exist is not said to lack anything more.

    Arguments:
        list_name: the list, which `schemas` may have too.
    Returns: an SQL query of one jsonb column, `item`: an entry, its table named as everywhere.
    Example: from ({{ expected_items('columns') }}) as items
#}
{% macro expected_items(list_name) -%}
    select listed.item
    from jsonb_array_elements(
        {{ contract_json(contract_part('structure.' ~ list_name) or []) }}
    ) as listed (item)
    {%- set in_each = var('derived').get('in_each_schema', {}).get(list_name) %}
    {%- if in_each %}

    union all

    select
        listed.item
        || jsonb_build_object('table', tables.table_name)
        || case
            when listed.item ? 'within' then jsonb_build_object(
                'references', tables.schema_name || '.' || (listed.item ->> 'references')
            )
            else '{}'
        end as item
    from jsonb_array_elements({{ contract_json(in_each) }}) as listed (item)
    inner join {{ ref('catalog_tables') }} as tables
        on (listed.item ->> 'table') = tables.relation_name and tables.is_of_tenant_schema
    {%- endif %}
{%- endmacro %}
