{#
    A part of the contract as a JSON literal, for SQL to take apart: a hostile name in it
    is data, and never SQL.

    Arguments:
        part: a list or mapping.
    Returns: an SQL expression of type jsonb.
    Example: jsonb_to_recordset({{ contract_json(rows) }}) as declared (name text)
#}
{% macro contract_json(part) -%}
    {{ text_literal(tojson(part)) }}::jsonb
{%- endmacro %}
