{#
    Whether the contract asks for a model: its pack is on, and the list that it is derived
    from is there and not empty. For `config(enabled=...)`: a database that has no such
    tables, or declares no such rule, gets no such view.

    Arguments:
        pack: the pack's name, which is the models folder's.
        list_name: the list that the model unfolds, of the contract (dotted where it lies
            deeper) or of what follows from it; none if it needs no list.
    Returns: a boolean.
    Example: {{ config(enabled=contract_declares('integrity', 'business_keys')) }}
#}
{% macro contract_declares(pack, list_name=none) -%}
    {{ return(pack in var('contract')['packs'] and (
        list_name is none
        or (
            var('derived')['unfolded'].get(list_name)
            or contract_part(list_name)
            or var('derived').get('in_each_schema', {}).get(
                list_name | replace('structure.', '')
            )
            or []
        ) | length > 0
    )) }}
{%- endmacro %}
