{#
    A child's column as the type of what it references. What is no value of that type is null, and
    so references nothing; a plain cast of it would end the query.

    Arguments:
        column: an SQL expression, the column.
        type_name: the type: smallint, integer, bigint, numeric, uuid or text.
    Returns: an SQL expression of that type.
    Example: {{ read_as('child."customer"', 'bigint') }}
#}
{% macro read_as(column, type_name) -%}
    {%- set patterns = {
        'numeric': '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)',
        'uuid': '[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}',
    } -%}
    {%- set bits = {'smallint': 15, 'integer': 31, 'bigint': 63}.get(type_name) -%}
    {%- if type_name == 'text' -%}
    {{ column }}::text
    {%- elif bits -%}
    case
        when {{ column }}::text ~ '^ *[-+]?[0-9]{1,99} *$'
            then case
                when
                    {{ column }}::text::numeric
                    between -{{ 2 ** bits }} and {{ 2 ** bits - 1 }}
                    then {{ column }}::text::{{ type_name }}
            end
    end
    {%- else -%}
    case
        when {{ column }}::text ~ '^ *{{ patterns[type_name] }} *$'
            then {{ column }}::text::{{ type_name }}
    end
    {%- endif -%}
{%- endmacro %}
