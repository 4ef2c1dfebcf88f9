{#
    Whether an object came with an extension: whoever installed that did not write it.

    Arguments:
        catalog: the system catalog that the object is a row of.
        oid: an SQL expression, the object's oid.
    Returns: an SQL condition.
    Example: where not {{ is_extension_owned('pg_class', 'relation.oid') }}
#}
{% macro is_extension_owned(catalog, oid) -%}
    exists (
        select true
        from pg_catalog.pg_depend as membership
        where membership.classid = 'pg_catalog.{{ catalog }}'::regclass
            and membership.objid = {{ oid }}
            and membership.deptype = 'e'
    )
{%- endmacro %}
