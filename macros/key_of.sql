{#
    The key of a row, as the contract declares it; of several columns, a JSON list.

    Arguments:
        table_name: the contract's table.
        alias: the alias of that table in the query.
    Returns: an SQL expression, of the key column's own type.
    Example: {{ key_of('invoices', 'child') }} -> child."id"
#}
{% macro key_of(table_name, alias) -%}
    {{ key_columns(var('derived')['tables'][table_name]['key'], alias) }}
{%- endmacro %}
