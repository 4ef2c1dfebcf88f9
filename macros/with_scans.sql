{#
    References with the scan that judges each: one scan of a child serves up to four of its
    parents. Not more, since it holds a hash of each parent in memory.

    Arguments:
        references: a list of mappings with child, column and parent.
    Returns: the same, in the same order, each with the `scan` it is in and the `alias` of
        its parent there, unique in that scan.
    Example: {% for reference in with_scans(references()) %} ... {% endfor %}
#}
{% macro with_scans(references) -%}
    {%- set seen = {} -%}
    {%- set placed = [] -%}
    {%- for reference in references -%}
        {%- set of_child = seen.setdefault(reference['child'], []) -%}
        {%- do of_child.append(reference) -%}
        {%- set child_number = (seen.keys() | list).index(reference['child']) + 1 -%}
        {%- set batch_number = (of_child | length - 1) // 4 + 1 -%}
        {%- do placed.append(dict(
            reference,
            scan='scan_' ~ child_number ~ '_' ~ batch_number,
            alias='parent_' ~ of_child | length,
        )) -%}
    {%- endfor -%}
    {{ return(placed) }}
{%- endmacro %}
