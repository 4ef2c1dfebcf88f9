{#
    What the entries of holds of one kind come to in the balance that these owe, and by their
    reasons whether they take or give. Postgres would compare the reasons at each use otherwise.

    Arguments:
        ledger: one of `ledgers()`.
        holds: one of its holds.
        account: set where a hold is looked up by its key, `counterfoil_hold.hold`.
    Returns: a query: hold, amount, happened_at, is_taking, is_giving and is_unknown.
    Example: from ({{ ledger_facts_of_holds(ledger, holds) }}) as facts
#}
{% macro ledger_facts_of_holds(ledger, holds, account=none) -%}
{%- set balance = ledger_balance(ledger, holds.balance) -%}
{%- set reasons = ledger.reasons -%}
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
    happened_at,
    reason in {{ reasons.takes or '(null)' }} as is_taking,
    reason in {{ reasons.gives or '(null)' }} as is_giving,
    reason is null or reason not in {{ reasons.all or '(null)' }} as is_unknown,
    {{ computed_once() }}
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
    null::timestamptz as happened_at,
    false as is_taking,
    false as is_giving,
    false as is_unknown
where false
{%- endfor %}
{%- endmacro %}
