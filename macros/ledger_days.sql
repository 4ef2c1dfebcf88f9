{#
    What the days (UTC) of a block of entries come to, by account: the entries that count.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries, whose days close.
        within: a condition on `entries.happened_at`.
    Returns: a subquery: day, account (as text, which the history keeps), entry_count,
        entries_amount and entries_hash.
    Example: from {{ ledger_days(ledger, block, 'entries.happened_at < now()') }} as days
#}
{% macro ledger_days(ledger, block, within) -%}
(
    select
        (entries.happened_at at time zone 'UTC')::date as day,
        entries.account::text as account,
        count(*) as entry_count,
        coalesce(sum(entries.own_amount), 0)::{{ ledger_type('amount') }} as entries_amount,
        {{ ledger_entries_hash(block) }} as entries_hash
    from {{ ledger_entry_rows(ledger, block) }} as entries
    where entries.counts and entries.account is not null and {{ within }}
    group by (entries.happened_at at time zone 'UTC')::date, entries.account
)
{%- endmacro %}
