{#
    A name as a quoted identifier, whatever it holds; dbt's own quoting leaves a quote
    inside the name as it is.

    Arguments:
        name: the name, spelt as the catalog spells it.
    Returns: the quoted identifier.
    Example: {{ quoted('a "b"') }} -> "a ""b"""
#}
{% macro quoted(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}
