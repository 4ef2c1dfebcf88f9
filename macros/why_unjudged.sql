{#
    Why a rule, a reference or a table cannot be judged, or not clearly.

    Arguments:
        rule: one of the derived contract's, which may be `unjudged`, or have tables that its SQL
            `looks_up`, and that must have rows.
    Returns: an SQL expression of type text; null where it can be judged.
    Example: {{ why_unjudged(reference) }} as unjudged_because
#}
{% macro why_unjudged(rule) -%}
    {%- if rule['unjudged'] is defined -%} {{ text_literal(rule['unjudged']) }}
    {%- elif rule['looks_up'] is defined -%}
    nullif(concat_ws('; '
        {%- for table_name in rule['looks_up'] %},
        case
            when not exists (select from {{ application_table(table_name) }})
                then {{ text_literal(
                    table_name ~ ': in use, and without rows (judged once there are some)'
                ) }}
        end
        {%- endfor %}
    ), '')
    {%- else -%} null::text
    {%- endif -%}
{%- endmacro %}
