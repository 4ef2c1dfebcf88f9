{{ config(
    enabled=contract_declares('integrity', 'references'),
    meta={'hides_rows': true},
) }}

{% for references in in_parts('references') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for reference in references %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(reference['name']) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {% set type_column = reference['type_column'] %}
    {% if type_column is defined -%}
    coalesce({{ shown_value(
        reference['child'], [type_column], 'child.' ~ quoted(type_column)
    ) }}, 'null')
    {%- else -%}
    {{ text_literal(reference['parent']) }}
    {%- endif %} as parent_table,
    {{ key_of(reference['child'], 'child') }}::text as child_id,
    {{ shown_value(
        reference['child'], reference['columns'], key_columns(reference['columns'], 'child')
    ) }} as missing_parent_id,
    {{ text_literal(
        'which is not there' if type_column is not defined
        else 'of a type that no parent is declared for'
    ) }} as fault,
    {{ tenant_of(reference['child'], 'child') }} as tenant_id
from {{ child_rows(reference) }} as child
where
    {{ is_set(reference, 'child') }}
    and not exists (
        select true
        from {{ application_table(reference['parent']) }} as parent  -- noqa: AL05
        where {{ leads_to(reference, 'child', 'parent') }}
    )
{% endfor %}
{% endfor %}
