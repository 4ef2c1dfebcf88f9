{#
    Whether an entry is of a reason that takes or gives, and so of a hold.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries, over whose relation the condition is.
    Returns: an SQL condition; false where no reasons are declared.
    Example: where {{ ledger_needs_hold(ledger, block) }}
#}
{% macro ledger_needs_hold(ledger, block) -%}
{%- set conditions = [] -%}
{%- if block.has_reason -%}
    {%- for kind in ('takes', 'gives') if ledger.reasons[kind] -%}
        {%- do conditions.append(block.reason ~ ' in ' ~ ledger.reasons[kind]) -%}
    {%- endfor -%}
{%- endif -%}
(({{ conditions | join(' or ') or 'false' }}) is true)
{%- endmacro %}
