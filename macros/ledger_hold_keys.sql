{#
    The holds of one kind, by the names that the pack's views have for their columns, whether or
    not they are audited. The contract's SQL stands alone here.

    Arguments:
        ledger: one of `ledgers()`.
        holds: one of its holds.
    Returns: a subquery: hold, account, tenant_id, hold_label, hold_status, hold_amount, held_at,
        created_at, is_audited, is_listed, is_released, owed_amount, and direction: 1 where its
        entries take by adding, -1 where by subtracting, 0 where nothing says. For whoever does
        not ask for owed_amount own_direction is the same, and reads what the contract joins for
        those holds alone whose own row does not say it: mostly none.
    Example: from {{ ledger_hold_keys(ledger, holds) }} as counterfoil_hold
#}
{% macro ledger_hold_keys(ledger, holds) -%}
{%- set type = ledger_balance(ledger, holds.balance).type -%}
{%- set otherwise = -1 if ledger.reasons.takes else 0 -%}
(
    select
        {{ holds.hold }} as hold,
        {{ holds.account or ('null::' ~ ledger.accounts.type) }} as account,
        {{ holds.tenant }} as tenant_id,
        {{ holds.label }} as hold_label,
        {{ holds.status }} as hold_status,
        ({{ holds.amount }})::{{ type }} as hold_amount,
        {{ holds.at }} as held_at,
        {{ holds.created_at }} as created_at,
        ({{ holds.is_audited }}) is true as is_audited,
        coalesce({{ holds.status }} in (
            {%- for owed in holds.owes %}{{ owed.status }}{{ ', ' if not loop.last }}{% endfor -%}
        ), false) as is_listed,
        coalesce({{ holds.status }} in (
            {%- for owed in holds.owes if owed.is_released %}{{ owed.status }}{{ ', ' if not loop.last }}
            {%- else %}null{% endfor -%}
        ), false) as is_released,
        (case {{ holds.status }}
            {%- for owed in holds.owes %}
            when {{ owed.status }} then {{ owed.owed }}
            {%- endfor %}
        end)::{{ type }} as owed_amount,
        coalesce({{ holds.takes }}, {{ otherwise }})::int as direction,
        {%- if holds.takes_alone %}
        coalesce({{ holds.takes_alone }}, counterfoil_takes, {{ otherwise }})::int as own_direction
        {%- else %}
        coalesce({{ holds.takes }}, {{ otherwise }})::int as own_direction
        {%- endif %}
    from {{ holds.relation }}
    {%- if holds.takes_alone %}
    left join (
        select
            {{ holds.hold }} as counterfoil_taker,
            {{ holds.takes }} as counterfoil_takes
        from {{ holds.relation }}
        where {{ holds.takes_alone }} is null
    ) as counterfoil_takers on {{ holds.hold }} = counterfoil_taker
    {%- endif %}
)
{%- endmacro %}
