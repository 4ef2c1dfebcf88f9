{#
    The entries of a chain, each with the balance that it says it found and left.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `running_balance`.
        balance: the balance that sums them.
    Returns: a subquery: entry, account, amount, before, after, what they are ordered by,
        happened_at, and of the account opening, stored and has_stored.
    Example: from {{ ledger_chained(ledger, block, balance) }} as chained
#}
{% macro ledger_chained(ledger, block, balance) -%}
(
    select
        {{ block.entry }} as entry,
        {{ block.account }} as account,
        {{ block.effects[balance.name] }} as amount,
        {{ block.running.before or 'null::numeric' }} as before,
        {{ block.running.after }} as after,
        {%- for column in block.running.order %}
        {{ column }} as order_{{ loop.index }},
        {%- endfor %}
        {{ block.at }} as happened_at,
        coalesce(counterfoil_account.opening, 0) as opening,
        counterfoil_account.stored,
        coalesce(counterfoil_account.has_stored, false) as has_stored
    from {{ block.relation }}
    left join (
        select
            {{ ledger.accounts.account }} as account,
            sum({{ balance.opening }}) as opening,
            sum({{ balance.stored or 'null::numeric' }}) as stored,
            bool_and({{ balance.stored or 'null' }} is not null) as has_stored
        from {{ ledger.accounts.relation }}
        where {{ ledger.accounts.is_set }}
        group by {{ ledger.accounts.account }}
    ) as counterfoil_account on {{ block.account }} = counterfoil_account.account
    where {{ block.counted[balance.name] }}
)
{%- endmacro %}
