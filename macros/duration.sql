{#
    A span of time as a sentence says it: '2 days 00:00:01'.

    Arguments:
        seconds: an SQL expression: a whole number.
    Returns: an SQL expression.
    Example: {{ duration('age_seconds') }} || ' old'
#}
{% macro duration(seconds) -%}
    coalesce(
        nullif(
            concat_ws(
                ' ',
                case {{ seconds }} / 86400
                    when 0 then null when 1 then '1 day' else {{ seconds }} / 86400 || ' days'
                end,
                nullif(
                    to_char(make_interval(secs => {{ seconds }} % 86400), 'HH24:MI:SS'),
                    '00:00:00'
                )
            ),
            ''
        ),
        '0 seconds'
    )
{%- endmacro %}
