{#
    What the entries add to each account. For whoever asks about accounts alone: a left join of it
    is dropped where nothing of it is needed, and `ledger_sums` reads all entries at any rate.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
        adjusting: whether only of the entries that adjust.
    Returns: a subquery, a row for an account that has such entries: account, entry_count and
        amount.
    Example: left join {{ ledger_added(ledger, balance) }} as added on ...
#}
{% macro ledger_added(ledger, balance, adjusting=false) -%}
(
    select
        account,
        count(*) as entry_count,
        coalesce(sum(amount), 0)::{{ balance.type }} as amount
    from (
        {%- for block in ledger.blocks if block.effects[balance.name] %}
        select
            account,
            amount
        from {{ ledger_entry_rows(ledger, block, balance) }} as entries
        where is_counted{{ ' and reason in ' ~ ledger.reasons.adjusts if adjusting }}
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
