{#
    What the holds of each account take of a balance that are not released, less what was given
    back. Each kind is added up by itself, and then all of them: a union of all rows is slower.

    Arguments:
        ledger: one of `ledgers()`.
        kinds: those of its holds that owe one balance, and have an account.
    Returns: a subquery, a row for an account: account and amount.
    Example: left join {{ ledger_held(ledger, kinds) }} as held on ...
#}
{% macro ledger_held(ledger, kinds) -%}
{%- set is_held = 'held.is_audited and held.is_listed and not held.is_released'
    ~ ' and held.hold_amount is not null' -%}
(
    select
        account,
        sum(amount) as amount
    from (
        {%- for holds in kinds %}
        select
            held.account,
            sum(held.hold_amount) as amount
        from {{ ledger_hold_keys(ledger, holds) }} as held
        where {{ is_held }}
        group by held.account
        {%- if ledger.reasons.gives %}
        union all
        select
            held.account,
            sum(held.own_direction * facts.amount) as amount
        from {{ ledger_hold_keys(ledger, holds) }} as held
        inner join ({{ ledger_facts_of_holds(ledger, holds) }}) as facts on held.hold = facts.hold
        where {{ is_held }} and facts.is_giving
        group by held.account
        {%- endif %}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as changes
    group by account
)
{%- endmacro %}
