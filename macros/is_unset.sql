{#
    Whether a row references nothing: the reference's own columns are null.

    Arguments:
        reference: one of the derived contract's.
        child: the alias of the child in the query.
    Returns: an SQL condition; false of a reference that Postgres cannot judge.
    Example: {{ is_unset(reference, 'child') }} -> child."customer_id" is null
#}
{% macro is_unset(reference, child) -%}
    {%- for column in reference['own'] if reference['unjudged'] is not defined -%}
        {{ child }}.{{ quoted(column) }} is null
        {%- if not loop.last %} and {% endif -%}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}
