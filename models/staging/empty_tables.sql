-- None need be in use where only the catalog is audited.
select null::text as table_name
where false
{% for table_name, table in (var('contract').get('tables') or {}).items()
    if table.get('in_use', false) %}
union all
select {{ text_literal(table_name) }} as table_name
where
    not exists (
        select true from {{ application_table(table_name) }}
    )
{% endfor %}
