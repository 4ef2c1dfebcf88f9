{#
    How low and how high the sum of an account's entries ever was. Entries of one instant count
    together: their order is not on record. What an adjustment adds is not counted as high, for
    it raises the bound with the balance.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
    Returns: a subquery, a row for an account: lowest and highest.
    Example: from {{ ledger_running(ledger, balance) }} as running
#}
{% macro ledger_running(ledger, balance) -%}
(
    select
        account,
        min(running) as lowest,
        max(running_less_additions) as highest
    from (
        select
            account,
            sum(amount) over instants as running,
            coalesce(sum(amount) filter (where is_addition is not true) over instants, 0)
                as running_less_additions
        from (
            {%- for block in ledger.blocks if block.effects[balance.name] %}
            select
                account,
                happened_at,
                amount,
                {% if ledger.reasons.adjusts and block.has_reason -%}
                (reason in {{ ledger.reasons.adjusts }} and amount > 0)
                {%- else -%}
                false
                {%- endif %} as is_addition
            from {{ ledger_entry_rows(ledger, block, balance) }} as entries
            where is_counted
            {%- if not loop.last %}
            union all
            {%- endif %}
            {%- endfor %}
        ) as changes
        window instants as (partition by account order by happened_at)
    ) as instants
    group by account
)
{%- endmacro %}
