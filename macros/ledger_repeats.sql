{#
    The entries that are like an earlier one: of the same hold (of the same account, where there
    is none), reason and amount. Where entries make up transactions, the whole transaction is
    like an earlier one. Few entries are: only those are put in order.

    Arguments:
        ledger: one of `ledgers()`.
        block: one of its blocks of entries.
    Returns: a subquery: entry, account and previous_like_it_at. Grouped, though an entry is in
        it once: Postgres then knows that, and whoever asks for none of it is spared all of it.
    Example: left join {{ ledger_repeats(ledger, block) }} as repeats on ...
#}
{% macro ledger_repeats(ledger, block) -%}
{%- set columns = ledger_named_holds(ledger, block) | map('first') | list -%}
{%- set hold = columns[0] if columns | length < 2
    else 'coalesce(' ~ columns | join('::text, ') ~ '::text)' -%}
{%- set entries = ledger_entry_rows(ledger, block) ~ ' as entries' -%}
(
    select entry, account, min(previous_like_it_at) as previous_like_it_at
    from (
        {%- if not (block.has_at and block.has_reason) %}
        select entry, account, null::timestamptz as previous_like_it_at
        from {{ entries }}
        where false
        {%- elif block.transaction %}
        select entries.entry, entries.account, repeated.previous_like_it_at
        from {{ entries }}
        inner join (
            select
                transaction,
                lag(happened_at) over (
                    partition by signature order by happened_at asc, transaction asc
                ) as previous_like_it_at
            from (
                select
                    transaction,
                    min(happened_at) as happened_at,
                    array_agg(
                        format('%L %L %L', account, reason, alike) order by account::text, alike
                    ) as signature
                from {{ entries }}
                where counts and transaction is not null
                group by transaction
                having bool_and(reason is not null)
            ) as transactions
        ) as repeated on entries.transaction = repeated.transaction
        where entries.counts
        {%- else %}
        {%- for of in ([hold, 'account'] if hold else ['account']) %}
        {%- set condition = (hold ~ ' is null and ' if hold and not loop.first else '') ~ of ~ ' is not null' %}
        select
            entries.entry,
            entries.account,
            lag(entries.happened_at) over (
                partition by repeated.of, entries.reason, repeated.alike
                order by entries.happened_at asc, entries.entry asc
            ) as previous_like_it_at
        from {{ ledger_entry_rows(ledger, block) }} as entries
        inner join (
            select {{ of }} as of, alike
            from {{ entries }}
            where counts and {{ condition }}
            group by {{ of }}, alike
            having count(*) > 1
        ) as repeated on entries.{{ of }} = repeated.of and entries.alike = repeated.alike
        where entries.counts and entries.reason is not null and {{ condition.replace('hold_1', 'entries.hold_1').replace('account is', 'entries.account is') }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
        {%- endif %}
    ) as repeated_entries
    group by entry, account
)
{%- endmacro %}
