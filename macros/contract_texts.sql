{#
    A list of names that the contract has under a key.

    Arguments:
        key: the contract's key, its parts joined by dots.
    Returns: an SQL expression of type text[]; empty if the contract does not have it.
    Example: table_name like any({{ contract_texts('structure.ledgers') }})
#}
{% macro contract_texts(key) -%}
    array(select jsonb_array_elements_text({{ contract_json(contract_part(key) or []) }}))
{%- endmacro %}
