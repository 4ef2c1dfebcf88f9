-- None need be in use where only the catalog is audited.
{% for names in in_parts('tables_in_use') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
select null::text as table_name
where false
{% for table_name in names %}
union all
select {{ text_literal(table_name) }} as table_name
where
    not exists (
        select true from {{ application_table(table_name) }} as source_row  -- noqa: AL05
    )
{% endfor %}
{% endfor %}
