{#
    A column of whichever of several joins has it: `name_1`, `name_2` and so on.

    Arguments:
        name: what the joins are called.
        joins: as many things as there are joins; may be none.
        column: the column.
    Returns: an SQL expression; null as a number where there is no join.
    Example: {{ coalesced('held', ledger.holds, 'amount') }} -> coalesce(held_1.amount, held_2.amount)
#}
{% macro coalesced(name, joins, column) -%}
    {%- set columns = [] -%}
    {%- for join in joins -%}
        {%- do columns.append(name ~ '_' ~ loop.index ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ columns | join(', ') ~ ')' if columns else ('null::text' if column == 'explanation' else 'null::numeric') }}
{%- endmacro %}
