{#
    What the contract says under a key, however deep it lies.

    Arguments:
        key: the contract's key, its parts joined by dots.
    Returns: the value; none if the contract does not have it.
    Example: {{ contract_part('structure.row_security.owner_columns') }}
#}
{% macro contract_part(key) -%}
    {%- set found = {'part': var('contract')} -%}
    {%- for name in key.split('.') -%}
        {%- do found.update({'part': (found['part'] or {}).get(name)}) -%}
    {%- endfor -%}
    {{ return(found['part']) }}
{%- endmacro %}
