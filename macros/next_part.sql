{#
    What stands between two parts of a model: the words at which the materialization takes
    them apart. They unite selects, for whoever compiles the model.

    Arguments: none.
    Returns: the text.
    Example: {% for part in sql.split(next_part()) %} ... {% endfor %}
#}
{% macro next_part() -%}
    {{ return('\nunion all -- next part\n') }}
{%- endmacro %}
