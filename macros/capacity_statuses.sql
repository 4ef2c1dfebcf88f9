{#
    The reservation statuses of one kind, from the contract, for an SQL `in (...)`.

    Arguments:
        kind: holding (occupies capacity), summarized (its unused spaces were refunded) or
            released (occupies nothing).
    Returns: the quoted statuses, comma-separated.
    Example: status in ({{ capacity_statuses('holding') }})
#}
{% macro capacity_statuses(kind) -%}
    {%- set capacity = var('contract').get('capacity') or {} -%}
    {{ text_list((capacity.get('statuses') or {}).get(kind) or []) }}
{%- endmacro %}
