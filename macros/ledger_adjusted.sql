{#
    What the entries that adjust come to in each account.

    Arguments:
        ledger: one of `ledgers()`, which says what adjusts.
        balance: one of its balances.
    Returns: a subquery, a row for an account that was adjusted: account and amount.
    Example: left join {{ ledger_adjusted(ledger, balance) }} as adjusted on ...
#}
{% macro ledger_adjusted(ledger, balance) -%}
(
    select
        account,
        sum(amount) as amount
    from (
        {%- for block in ledger.blocks if block.effects[balance.name] %}
        select
            account,
            amount
        from {{ ledger_entry_rows(ledger, block, balance) }} as entries
        where is_counted and reason in {{ ledger.reasons.adjusts }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- else %}
        select
            null::{{ ledger.accounts.type }} as account,
            null::{{ balance.type }} as amount
        where false
        {%- endfor %}
    ) as changes
    group by account
)
{%- endmacro %}
