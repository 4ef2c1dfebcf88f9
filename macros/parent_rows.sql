{#
    The rows that a reference may lead to, one for each value of the columns that it goes by:
    joined to them, a child stays one row. Where nothing proves that the parent has each value
    once, they are grouped by it, and what is compared besides are lists, `values_1` and so on.

    Arguments:
        reference: one of the derived contract's.
    Returns: a relation, or a subquery, for `from`.
    Example: left join {{ parent_rows(reference) }} as parent
#}
{% macro parent_rows(reference) -%}
    {%- if reference['once'] -%}
        {{ application_table(reference['parent']) }}
    {%- else -%}
        (
        select
            {{ quoted_columns('parent_row', reference['parent_columns']) }}
            {%- for pair in reference['compared'] %},
            {%- set other = 'parent_row.' ~ quoted(pair['parent_column']) %}
            array_agg(distinct {{ other }}) filter (
                where {{ other }} is not null
            ) as values_{{ loop.index }}
            {%- endfor %}
        from {{ application_table(reference['parent']) }} as parent_row
        group by {{ quoted_columns('parent_row', reference['parent_columns']) }}
    )
    {%- endif -%}
{%- endmacro %}
