{#
    What the holds of each account take of a balance that are not released, less what was given
    back.

    Arguments:
        ledger: one of `ledgers()`.
        kinds: those of its holds that owe one balance, and have an account.
    Returns: a subquery, a row for an account: account and amount.
    Example: inner join {{ ledger_held(ledger, kinds) }} as held on ...
#}
{% macro ledger_held(ledger, kinds) -%}
(
    select
        account,
        sum(amount) as amount
    from (
        {%- for holds in kinds %}
        select
            account,
            hold_amount as amount
        from {{ ledger_hold_keys(ledger, holds) }} as held
        where is_audited and is_listed and not is_released and hold_amount is not null
        {%- if ledger.reasons.gives %}
        union all
        select
            held.account,
            held.direction * facts.amount
        from {{ ledger_hold_keys(ledger, holds) }} as held
        inner join ({{ ledger_facts_of_holds(ledger, holds) }}) as facts on held.hold = facts.hold
        where
            held.is_audited
            and held.is_listed
            and not held.is_released
            and held.hold_amount is not null
            and facts.reason in {{ ledger.reasons.gives }}
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as changes
    group by account
)
{%- endmacro %}
