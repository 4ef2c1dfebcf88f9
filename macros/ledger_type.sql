{#
    The type that a column has in every view of the pack: its own where all ledgers agree on
    it, else text.

    Arguments:
        kind: account, entry, hold or amount.
    Returns: a type.
    Example: account::{{ ledger_type('account') }}
#}
{% macro ledger_type(kind) -%}
    {{ var('derived')['ledger_types'][kind] }}
{%- endmacro %}
