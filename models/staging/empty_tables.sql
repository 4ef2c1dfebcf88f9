{% for table_name, table in var('contract')['tables'].items()
    if table.get('in_use', false) %}
{% if not loop.first %}union all{% endif %}
select {{ text_literal(table_name) }} as table_name
where
    not exists (
        select true from {{ application_table(table_name) }}
    )
{% endfor %}
