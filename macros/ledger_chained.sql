{#
    The entries of a chain, each with the balance that it says it found and left.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `running_balance`.
        balance: the balance that sums them.
    Returns: a subquery: entry, account, amount, was_found, was_left, what they are ordered by,
        happened_at, and of the account opening, stored and has_stored.
    Example: from {{ ledger_chained(ledger, block, balance) }} as chained
#}
{% macro ledger_chained(ledger, block, balance) -%}
(
    select
        entries.entry,
        entries.account,
        entries.amount,
        entries.found as was_found,
        entries.left_amount as was_left,
        {%- for column in block.running.order %}
        entries.order_{{ loop.index }},
        {%- endfor %}
        entries.happened_at,
        accounts.opening,
        accounts.stored,
        accounts.stored is not null as has_stored
    from {{ ledger_entry_rows(ledger, block, balance) }} as entries
    inner join {{ ledger_account_rows(ledger, balance) }} as accounts
        on entries.account = accounts.account
    where entries.is_counted and accounts.is_audited and accounts.opening is not null
)
{%- endmacro %}
