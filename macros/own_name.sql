{#
    What SQL of the contract calls a table: its name, without its schema. Every relation that a
    condition of the contract is about is called so.

    Arguments:
        table_name: the table, as the contract names it.
    Returns: the quoted name.
    Example: {{ own_name('billing.invoices') }} -> "invoices"
#}
{% macro own_name(table_name) -%}
    {{ var('derived')['tables'][table_name]['own_name'] }}
{%- endmacro %}
