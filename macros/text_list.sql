{#
    Quotes a contract's list of texts for an SQL `in (...)`.

    Arguments:
        texts: a list of texts.
    Returns: the quoted texts, comma-separated; of none null, which nothing is in.
    Example: {{ text_list(['a', "o'clock"]) }} -> 'a', 'o''clock'
#}
{% macro text_list(texts) -%}
    {%- for item in texts -%}
        '{{ item | string | replace("'", "''") }}'
        {%- if not loop.last %}, {% endif -%}
    {%- else -%}
        null
    {%- endfor -%}
{%- endmacro %}
