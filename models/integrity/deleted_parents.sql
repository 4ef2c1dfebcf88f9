{{ config(enabled=contract_declares('integrity', 'references_to_deleted')) }}

{% for references in in_parts('references_to_deleted') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
{% for reference in references %}
{% if not loop.first %}union all{% endif %}
select
    {{ text_literal(reference['name']) }} as relationship,
    {{ text_literal(reference['child']) }} as child_table,
    {{ text_literal(reference['parent']) }} as parent_table,
    count(*) as row_count,
    count(parent.{{ quoted(reference['parent_columns'][0]) }}) as living_child_count,
    {{ why_unjudged(reference) }} as unjudged_because
from {{ child_rows(reference) }} as child
left join {{ reference['deleted_rows'] }} as parent
    on {{ leads_to(reference, 'child', 'parent') }}
{% endfor %}
{% endfor %}
