{#
    The instant from which the application records every change in its ledger: an approval
    before it may lack its entry, a later one may not.

    Arguments: none.
    Returns: an SQL expression of type timestamptz.
    Example: approved_at < {{ capacity_epoch() }}
#}
{% macro capacity_epoch() -%}
    {{ text_literal((var('contract').get('capacity') or {}).get('epoch')) }}::timestamptz
{%- endmacro %}
