{#
    A column that keeps Postgres from writing a subquery's expressions out wherever its columns
    are used: each is then computed once for a row. It pulls up no subquery that has a volatile
    column, and yet asks for a key inside of it, which it would not after `offset 0`.

    Arguments: none.
    Returns: a column of a select list.
    Example: select {{ computed_once() }}, case ... end as fault from ...
#}
{% macro computed_once() -%}
random() as computed_once
{%- endmacro %}
