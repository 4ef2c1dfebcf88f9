{#
    A value as a message tells it: a text in quotes, so that one is told from another that only
    looks the same; at most 100 characters of it; and of what is personal that it is withheld.

    Arguments:
        table_name: the contract's table.
        columns: the columns that the value is made of.
        expression: an SQL expression, the value; of several columns a JSON list.
    Returns: an SQL expression of type text; null where the value is.
    Example: {{ shown_value('orders', ['status'], 'orders."status"') }}
#}
{% macro shown_value(table_name, columns, expression) -%}
    {%- set pii = var('contract')['tables'][table_name].get('pii') or [] -%}
    {%- set personal = columns | select('in', pii) | list -%}
    {%- if personal -%}
    '(withheld: personal)'::text
    {%- else -%}
    case
        when
            {{ expression }} is not null
            and (
                -- Of texts, whatever they are called: varchar, citext, a domain.
                select pg_type.typcategory = 'S'
                from pg_catalog.pg_type
                where pg_type.oid = pg_typeof({{ expression }})
            )
            then quote_literal(left({{ expression }}::text, 100))
        else left({{ expression }}::text, 100)
    end
    {%- endif -%}
{%- endmacro %}
