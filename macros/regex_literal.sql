{#
    A name as a regular expression that finds it in SQL which Postgres wrote out: quoted
    where it has to be, and every letter of it standing for itself.

    Arguments:
        name: an SQL expression of type text.
    Returns: an SQL expression of type text.
    Example: expression ~ {{ regex_literal('column_name') }}
#}
{% macro regex_literal(name) -%}
    regexp_replace(quote_ident({{ name }}), '([^[:alnum:]_])', '\\\1', 'g')
{%- endmacro %}
