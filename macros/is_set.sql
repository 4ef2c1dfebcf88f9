{#
    Whether a row's reference is set, in all its columns: then it must lead to a parent.

    Nothing is said of a reference that Postgres cannot judge. The names are quoted here and
    not by `quoted`: it is called for each reference, and what dbt asks of a macro's call is
    most of a build of many tables.

    Arguments:
        reference: one of the derived contract's.
        child: the alias of the child in the query.
    Returns: an SQL condition.
    Example: {{ is_set(reference, 'child') }} -> child."customer_id" is not null
#}
{% macro is_set(reference, child) -%}
    {%- for column in reference['columns'] if reference['unjudged'] is not defined -%}
        {{ child }}."{{ column | replace('"', '""') }}" is not null
        {%- if not loop.last %} and {% endif -%}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}
