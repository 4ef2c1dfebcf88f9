{#
    The entries that take another one back, and whether that works out: their original is there,
    and together they come to no more than it. Of several the first that exceeds it is meant.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `reverses`.
        balance: whose amounts are meant; the entries' own, if not given.
        account: of which account, as an SQL expression; of all, if not given.
    Returns: a subquery: entry, account, amount, is_unmatched and exceeds.
    Example: left join {{ ledger_reversals(ledger, block) }} as reversals on ...
#}
{% macro ledger_reversals(ledger, block, balance=none, account=none) -%}
(
    select
        entry,
        account,
        amount,
        is_original_missing or (
            reversed_amount > abs(original_amount)
            and reversed_amount - own_amount <= abs(original_amount)
        ) as is_unmatched,
        coalesce(reversed_amount > abs(original_amount), false) as exceeds
    from (
        select
            entry,
            account,
            amount,
            original_amount,
            is_original_missing,
            -sign(original_amount) * amount as own_amount,
            sum(-sign(original_amount) * amount) over (
                partition by original order by happened_at asc, entry asc
            ) as reversed_amount
        from (
            select
                entry,
                account,
                {{ 'amount' if balance else 'own_amount' }} as amount,
                original,
                happened_at,
                original_amount,
                is_original_missing
            from {{ ledger_entry_rows(ledger, block, balance) }} as entries
            where
                counts
                and original is not null
                and not is_original_uncounted
                {%- if account %}
                and account = {{ account }}
                {%- endif %}
        ) as counted
    ) as added
)
{%- endmacro %}
