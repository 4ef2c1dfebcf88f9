{#
    The entries that take another one back, and whether that works out: their original is there,
    and together they come to no more than it. Of several the first that exceeds it is meant.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `reverses`.
        balance: the balance that the excess is meant in; the entries' own amount, if not given.
        account: of which account, as an SQL expression; of all, if not given.
    Returns: a subquery: entry, account, is_unmatched, and what is too much of it, excess_amount.
    Example: left join {{ ledger_reversals(ledger, block) }} as reversals on ...
#}
{% macro ledger_reversals(ledger, block, balance=none, account=none) -%}
{%- set entries = ledger_entry_rows(ledger, block, balance) ~ ' as entries' -%}
(
    select
        entry,
        account,
        is_original_missing or is_first_beyond as is_unmatched,
        case
            when is_original_missing then amount
            -- Multiplied first: a share would be rounded.
            else amount * excess / nullif(taken_back_amount, 0)
        end as excess_amount
    from (
        select
            *,
            coalesce(
                reversed_amount > abs(original_amount)
                and reversed_amount - taken_back_amount <= abs(original_amount),
                false
            ) as is_first_beyond,
            greatest(least(reversed_amount - abs(original_amount), taken_back_amount), 0)::numeric
                as excess
        from (
            select
                *,
                sum(taken_back_amount) over (
                    partition by original order by happened_at asc, entry asc
                ) as reversed_amount
            from (
                select
                    entry,
                    account,
                    own_amount,
                    {{ 'amount' if balance else 'own_amount' }} as amount,
                    original,
                    happened_at,
                    original_amount,
                    is_original_missing,
                    -sign(original_amount)::int * own_amount as taken_back_amount
                from {{ entries }}
                where
                    counts
                    and original is not null
                    and not is_original_uncounted
                    {%- if account %}
                    -- Those of other accounts use the original up as well.
                    and original in (
                        select original
                        from {{ entries }}
                        where account = {{ account }}
                    )
                    {%- endif %}
            ) as counted
        ) as added
    ) as judged
    {%- if account %}
    where account = {{ account }}
    {%- endif %}
)
{%- endmacro %}
