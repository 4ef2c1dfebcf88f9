{#
    The contract's ledgers as the compiler has them (counterfoil/contract/compiled_ledgers.py).
    While dbt parses there are none, and a model asks only what it refers to.

    Arguments: none.
    Returns: a list of ledgers.
    Example: {% for ledger in ledgers() %} ... {% endfor %}
#}
{% macro ledgers() -%}
    {{ return(var('derived')['ledgers']) }}
{%- endmacro %}
