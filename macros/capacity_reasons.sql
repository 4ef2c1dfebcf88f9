{#
    The ledger reasons of one kind, from the contract, for an SQL `in (...)`.

    Arguments:
        kind: approval, refunds or adjustment.
    Returns: the quoted reasons, comma-separated.
    Example: reason in ({{ capacity_reasons('refunds') }})
#}
{% macro capacity_reasons(kind) -%}
    {%- set capacity = var('contract').get('capacity') or {} -%}
    {%- set reasons = (capacity.get('reasons') or {}).get(kind) or [] -%}
    {{ text_list([reasons] if reasons is string else reasons) }}
{%- endmacro %}
