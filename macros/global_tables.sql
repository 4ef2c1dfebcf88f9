{#
    The tables that belong to no tenant: those that the contract calls `global: true`, and
    the globs of `tenant.global_tables`.

    Arguments: none.
    Returns: a list of names and globs.
    Example: {{ contract_json(global_tables()) }}
#}
{% macro global_tables() -%}
    {%- set names = [] -%}
    {%- for name in contract_part('tenant.global_tables') or [] -%}
        {%- do names.append(name) -%}
    {%- endfor -%}
    {%- for table_name, table in (var('contract').get('tables') or {}).items() -%}
        {%- if table.get('global', false) %}{% do names.append(table_name) %}{% endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
