{#
    Whether a name is one of a list of globs: `*` is any text, `?` any one letter, and
    every other letter itself.

    Arguments:
        name: an SQL expression of type text.
        globs: an SQL expression of type text[].
    Returns: an SQL condition; false for an empty list.
    Example: {{ matches_glob('table_name', contract_texts('structure.ledgers')) }}
#}
{% macro matches_glob(name, globs) -%}
    {{ name }} like any(
        array(select {{ like_pattern('glob') }} from unnest({{ globs }}) as glob)
    )
{%- endmacro %}
