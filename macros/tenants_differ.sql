{#
    Whether two rows belong to different tenants, both being known. As the columns' own types
    compare, which is how both compare with the tenants' key, and cheaper than as text.

    Arguments:
        table_name, alias: a tenant's table, and its alias in the query.
        other_name, other_alias: the same of the other.
    Returns: an SQL expression of type boolean; null where a tenant is not set.
    Example: {{ tenants_differ('dancers', 'child', 'studios', 'parent') }}
        -> child."tenant_id" <> parent."tenant_id"
#}
{% macro tenants_differ(table_name, alias, other_name, other_alias) -%}
    {%- set tables = var('derived')['tables'] -%}
    {{ alias }}.{{ quoted(tables[table_name]['tenant']) }}
    <> {{ other_alias }}.{{ quoted(tables[other_name]['tenant']) }}
{%- endmacro %}
