{#
    That a child's reference leads to a parent: all pairs of columns agree, as a foreign key
    compares them: by the parent's collation where they have two, by their own type's operator.

    Arguments:
        reference: one of the derived contract's.
        child: the alias of the child in the query.
        parent: the alias of the parent in the query.
    Returns: an SQL condition; false of a reference that Postgres cannot judge, and of rows
        whose type no parent is declared for.
    Example: {{ leads_to(reference, 'child', 'parent') }} -> child."customer_id" = parent."id"
#}
{% macro leads_to(reference, child, parent) -%}
    {%- set equalities = reference.get('equalities') or [] -%}
    {%- set is_judged = reference['unjudged'] is not defined -%}
    {%- for column in reference['columns']
        if is_judged and reference['type_column'] is not defined -%}
        {%- set value = child ~ '."' ~ (column | replace('"', '""')) ~ '"' -%}
        {{ read_as(value, reference['as']) if reference['as'] is defined else value }}
        {{ equalities[loop.index0] or '=' }} {{ parent }}."{{ reference['parent_columns'][loop.index0] | replace('"', '""') }}"
        {%- if not loop.last %} and {% endif -%}
    {%- else -%}
        false
    {%- endfor -%}
{%- endmacro %}
