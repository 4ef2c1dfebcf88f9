{#
    The relation of a table that the contract names. A bare name is one of the contract's
    own schema; after another of its schemas and a dot, one of that. The longest schema
    decides, as schemas may hold dots themselves.

    Arguments:
        table_name: the table, as the contract names it.
    Returns: the quoted relation, `"schema"."table"`.
    Example: {{ application_table('reservations') }} -> "public"."reservations"
#}
{% macro application_table(table_name) -%}
    {%- set found = {'schema': '', 'table': table_name} -%}
    {%- for schema in contract_schemas() -%}
        {%- if table_name.startswith(schema ~ '.')
            and table_name | length > schema | length + 1
            and schema | length > found['schema'] | length
        -%}
            {%- do found.update({
                'schema': schema, 'table': table_name[(schema | length) + 1:]
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ quoted(found['schema'] or var('contract')['schema']) }}.{{ quoted(found['table']) }}
{%- endmacro %}
