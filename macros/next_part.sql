{#
    What stands between two parts of a model: SQL that unites them, for whoever compiles the
    model, and the words at which the materialization takes them apart.

    Arguments: none.
    Returns: the text.
    Example: {% for part in sql.split(next_part()) %} ... {% endfor %}
#}
{% macro next_part() -%}
    {{ return('\nunion all -- next part\n') }}
{%- endmacro %}
