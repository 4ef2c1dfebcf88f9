{#
    Why a rule, a reference or a table cannot be judged, or not clearly.

    Arguments:
        rule: one of the derived contract's, which may be `unjudged`.
    Returns: an SQL expression of type text; null where it can be judged.
    Example: {{ why_unjudged(reference) }} as unjudged_because
#}
{% macro why_unjudged(rule) -%}
    {{ text_literal(rule['unjudged']) if rule['unjudged'] is defined else 'null::text' }}
{%- endmacro %}
