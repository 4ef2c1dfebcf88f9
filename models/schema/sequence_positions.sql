{{ config(enabled=contract_declares('schema', 'numbered')) }}

-- Where a sequence is, and the furthest number of the rows that it numbers, by an index.
{% for sequences in in_parts('numbered') %}
{% if not loop.first %}{{ next_part() }}{% endif %}
with

placed as (
    {% for sequence in sequences %}
    {% if not loop.first %}union all{% endif %}
    {% set relation = quoted(sequence['schema']) ~ '.' ~ quoted(sequence['relation']) %}
    {% set columns = sequence['columns'] %}
    select
        {{ text_literal(sequence['schema']) }} as schema_name,
        {{ text_literal(sequence['relation']) }} as relation_name,
        {{ text_literal(columns | map(attribute='table') | unique | join(', ')) }}
            as table_names,
        {{ text_literal(columns | map(attribute='column') | unique | join(', ')) }}
            as column_names,
        case
            when definition.seqincrement < 0
                then
                    least(
                        {% for column in columns %}
                        (
                            select min(source_row.{{ quoted(column['column']) }})
                            from {{ application_table(column['table']) }} as source_row
                        ){{ ',' if not loop.last }}
                        {% endfor %}
                    )
            else
                greatest(
                    {% for column in columns %}
                    (
                        select max(source_row.{{ quoted(column['column']) }})
                        from {{ application_table(column['table']) }} as source_row
                    ){{ ',' if not loop.last }}
                    {% endfor %}
                )
        end::bigint as furthest_value,
        position.last_value::numeric
        + case when position.is_called then definition.seqincrement else 0 end
            as next_value,
        sign(definition.seqincrement) as direction
    from {{ relation }} as position
    inner join pg_catalog.pg_sequence as definition
        on definition.seqrelid = {{ text_literal(relation) }}::regclass
    {% else %}
    select
        null::text as schema_name,
        null::text as relation_name,
        null::text as table_names,
        null::text as column_names,
        null::bigint as furthest_value,
        null::numeric as next_value,
        null::numeric as direction
    where false
    {% endfor %}
),

final as (
    select
        {{ relation_label('schema_name', 'relation_name') }} as sequence_name,
        table_names,
        column_names,
        furthest_value,
        next_value,
        -- No row is no number to be behind.
        case
            when furthest_value is null then 0
            else greatest(direction::numeric * (furthest_value - next_value) + 1, 0)
        end as numbers_behind
    from placed
)

select * from final
{% endfor %}
