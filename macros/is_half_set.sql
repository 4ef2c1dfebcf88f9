{#
    Whether a row's reference of several columns is null in some of them and set in others:
    Postgres lets it pass (MATCH SIMPLE), whatever the others hold.

    Arguments:
        reference: one of the derived contract's.
        child: the alias of the child in the query.
    Returns: an SQL condition; false of a reference of one column, or that Postgres cannot
        judge.
    Example: {{ is_half_set(reference, 'child') }}
#}
{% macro is_half_set(reference, child) -%}
    {%- if reference['columns'] | length == 1 or reference['unjudged'] is defined -%}
        false
    {%- else -%}
        not ({{ is_set(reference, child) }}) and not ({{ is_unset(reference, child) }})
    {%- endif -%}
{%- endmacro %}
