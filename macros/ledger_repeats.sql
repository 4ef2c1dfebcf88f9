{#
    The entries that are like an earlier one: of the same hold (of the same account, where there
    is none), reason and amount. Where entries make up transactions, the whole transaction is
    like an earlier one. Few entries are: only those are put in order.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries.
    Returns: a subquery: entry, account, previous_like_it_at and is_rapid: whether that is within
        five seconds. Grouped, though an entry is in
        it once: Postgres then knows that, and whoever asks for none of it is spared all of it.
    Example: left join {{ ledger_repeats(ledger, block) }} as repeats on ...
#}
{% macro ledger_repeats(ledger, block) -%}
{%- set columns = ledger_named_holds(ledger, block) | map('first') | list -%}
{%- set hold = columns[0] if columns | length < 2
    else 'coalesce(' ~ columns | join('::text, ') ~ '::text)' -%}
{%- set entries -%}
    (
        select
            entry,
            account,
            reason,
            alike,
            happened_at,
            transaction,
            {{ hold or 'null::text' }} as hold
        from {{ ledger_entry_rows(ledger, block) }} as rows_of_block
        where counts
    ) as entries
{%- endset -%}
(
    select
        entry,
        account,
        min(previous_like_it_at) as previous_like_it_at,
        bool_or(
            happened_at = previous_like_it_at
            -- As numbers: at the ends of time an interval cannot be added.
            or extract(epoch from happened_at) - extract(epoch from previous_like_it_at) <= 5
        ) as is_rapid
    from (
        {%- if not (block.has_at and block.has_reason) or block.is_day %}
        select entry, account, happened_at, null::timestamptz as previous_like_it_at
        from {{ entries }}
        where false
        {%- else %}
        {%- if block.transaction %}
        select
            entries.entry,
            entries.account,
            repeated.happened_at,
            repeated.previous_like_it_at
        from {{ entries }}
        inner join (
            select
                transaction,
                happened_at,
                lag(happened_at) over (
                    partition by signature order by happened_at asc, transaction asc
                ) as previous_like_it_at
            from (
                select
                    transaction,
                    min(happened_at) as happened_at,
                    array_agg(
                        format('%L %L %L %L', hold, account, reason, alike)
                        order by hold::text, account::text, reason, alike
                    ) as signature
                from {{ entries }}
                where transaction is not null
                group by transaction
                having bool_and(reason is not null)
            ) as transactions
        ) as repeated on entries.transaction = repeated.transaction
        union all
        {%- endif %}
        {%- for is_held in ([true, false] if hold else [false]) %}
        {%- set same = 'hold' if is_held else 'account' %}
        {%- set kind = ('hold is ' ~ ('not ' if is_held else '') ~ 'null and transaction is null')
            if block.transaction else ('hold is ' ~ ('not ' if is_held else '') ~ 'null') %}
        select
            entry,
            account,
            happened_at,
            lag(happened_at) over (
                partition by {{ same }}, reason, alike order by happened_at asc, entry asc
            ) as previous_like_it_at
        from {{ entries }}
        inner join (
            select {{ same }}, alike
            from {{ entries }}
            where {{ kind }}
            group by {{ same }}, alike
            having count(*) > 1
        ) as repeated using ({{ same }}, alike)
        where entries.reason is not null and {{ kind }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
        {%- endif %}
    ) as repeated_entries
    group by entry, account
)
{%- endmacro %}
