{#
    What the entries of holds of one kind come to in the balance that these owe.

    Arguments:
        ledger: one of `ledgers()`.
        holds: one of its holds.
        account: set where a hold is looked up by its key, `counterfoil_hold.hold`.
    Returns: a query: hold, amount, reason and happened_at.
    Example: from ({{ ledger_facts_of_holds(ledger, holds) }}) as facts
#}
{% macro ledger_facts_of_holds(ledger, holds, account=none) -%}
{%- set balance = ledger_balance(ledger, holds.balance) -%}
{%- set found = [] -%}
{%- for block in ledger.blocks if block.effects[balance.name] -%}
    {%- for column, of in ledger_named_holds(ledger, block) if of.name == holds.name -%}
        {%- do found.append((block, column)) -%}
    {%- endfor -%}
{%- endfor -%}
{# No branch without rows beside them: of a union Postgres guesses that it has 200 groups. #}
{%- for block, column in found %}
select
    {{ column }} as hold,
    amount,
    reason,
    happened_at
from {{ ledger_entry_rows(ledger, block, balance) }} as entries
where
    is_counted
    and {{ column }} {{ '= counterfoil_hold.hold' if account else 'is not null' }}
{%- if not loop.last %}
union all
{%- endif %}
{%- else %}
select
    null::{{ holds.type }} as hold,
    null::{{ balance.type }} as amount,
    null::text as reason,
    null::timestamptz as happened_at
where false
{%- endfor %}
{%- endmacro %}
