{#
    Whether a child and the parent that its reference leads to differ in a pair of columns,
    both being known: of several parents, whether it differs from all. As the columns' own
    types compare, which is cheaper than as text.

    Arguments:
        reference: one of the derived contract's.
        pair: one of what it has compared.
        child: the alias of the child in the query.
        parent: the alias of the parent, `parent_rows`, in the query.
    Returns: an SQL expression of type boolean; null where one of them is not set, and false
        of a reference that Postgres cannot judge.
    Example: {{ rows_differ(reference, pair, 'child', 'parent') }}
        -> not (child."tenant_id" = parent."tenant_id")
#}
{% macro rows_differ(reference, pair, child, parent) -%}
    {%- if reference['unjudged'] is defined -%}
        false
    {%- elif reference['once'] -%}
        not (
            {{ child }}.{{ quoted(pair['column']) }} {{ pair['equality'] or '=' }}
            {{ parent }}.{{ quoted(pair['parent_column']) }}
        )
    {%- else -%}
        not (
            {{ child }}.{{ quoted(pair['column']) }} {{ pair['equality'] or '=' }}
            any({{ parent }}.values_{{ reference['compared'].index(pair) + 1 }})
        )
    {%- endif -%}
{%- endmacro %}
