{{ config(enabled=contract_declares('integrity') and references() | length > 0) }}

{% for reference in references() %}
{% if not loop.first %}union all{% endif %}
select
    {{ relationship_name(reference) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    {{ reference.get('required', false) | string | lower }} as is_required,
    count(*) as row_count,
    count(*) filter (
        where
        child.{{ quoted(reference['column']) }} is not null
        and {{ parent_column(reference, 'parent') }} is null
    ) as orphaned_row_count,
    count(*) filter (
        where
        {{ reference.get('required', false) | string | lower }}
        and child.{{ quoted(reference['column']) }} is null
    ) as unset_row_count
from {{ application_table(reference['child']) }} as child
left join {{ application_table(reference['parent']) }} as parent
    on
        child.{{ quoted(reference['column']) }}
        = {{ parent_column(reference, 'parent') }}
{% endfor %}
