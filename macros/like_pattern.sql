{#
    A glob as a pattern of SQL's `like`.

    Arguments:
        glob: an SQL expression of type text, in which `*` and `?` stand for others.
    Returns: an SQL expression of type text.
    Example: table_name like {{ like_pattern('declared.name') }}
#}
{% macro like_pattern(glob) -%}
    translate(regexp_replace({{ glob }}, '([\\%_])', '\\\1', 'g'), '*?', '%_')
{%- endmacro %}
