{#
    Whether an instant lies in a freeze that the contract declares: a time in which capacity
    was not to be adjusted by hand.

    Arguments:
        instant: an SQL expression of type timestamptz.
    Returns: an SQL condition; false where the contract declares no freeze.
    Example: where {{ is_in_freeze('created_at') }}
#}
{% macro is_in_freeze(instant) -%}
    {%- set conditions = ['false'] -%}
    {%- for freeze in (var('contract').get('capacity') or {}).get('freezes') or [] -%}
        {%- do conditions.append(
            instant ~ ' >= ' ~ text_literal(freeze['from']) ~ '::timestamptz and '
            ~ instant ~ ' < ' ~ text_literal(freeze['until']) ~ '::timestamptz'
        ) -%}
    {%- endfor -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}
