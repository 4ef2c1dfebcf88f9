{#
    The entries that say which balance they found and left, and where that chain is broken.

    With an order each entry begins where the one before it ended, the first at the opening, and
    the last ends at the stored balance. Without one, nobody knows which came first; but every
    balance that an entry found, and the stored one, some entry left, or the opening was it: each
    as often. That cannot tell a loop of entries that sums to 0 and hangs on nothing.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `running_balance`.
        balance: the balance that sums them.
    Returns: a subquery of the entries that break it: entry, account and chain_fault. Grouped,
        though an entry is in it once: whoever asks for none of it is spared all of it.
    Example: left join {{ ledger_chain(ledger, block, balance) }} as chain on ...
#}
{% macro ledger_chain(ledger, block, balance) -%}
{%- set running = block.running -%}
{%- set found = 'was_found' if running.before else 'previously_left' -%}
(
    select
        entry,
        account,
        min(chain_fault) as chain_fault
    from (
        select
            entry,
            account,
            case
                when was_left is null then 'it leaves no balance'
                when {{ found }} is not null and (was_left - {{ found }} is distinct from amount)
                    then format(
                        'it turns %s into %s by %s',
                        {{ in_words(found) }}, {{ in_words('was_left') }}, {{ in_words('amount') }}
                    )
                {%- if running.order %}
                {%- if running.before %}
                when (was_found is distinct from previously_left) and not is_after_unknown
                    then format(
                        'it found %s, where %s was left',
                        {{ in_words('was_found') }}, {{ in_words('previously_left') }}
                    )
                {%- endif %}
                when is_last and has_stored and was_left <> stored
                    then format(
                        'it is the last and left %s, and %s is stored',
                        {{ in_words('was_left') }}, {{ in_words('stored') }}
                    )
                {%- else %}
                when was_found is null then 'it found no balance'
                when use_of_before > coalesce(left_as_before, 0)
                    then format(
                        'it found %s, which nothing had left for it',
                        {{ in_words('was_found') }}
                    )
                when
                    has_stored
                    and is_stored_unmatched
                    and is_after_unmatched
                    and place_of_after = 1
                    then format(
                        'it left %s, which nothing found, and %s is stored',
                        {{ in_words('was_left') }}, {{ in_words('stored') }}
                    )
                {%- endif %}
            end as chain_fault
        from (
            {%- if running.order %}
            select
                *,
                lead(true) over forwards is null as is_last,
                case
                    when row_number() over forwards = 1 then opening
                    else lag(was_left) over forwards
                end as previously_left,
                row_number() over forwards > 1 and lag(was_left) over forwards is null
                    as is_after_unknown
            from {{ ledger_chained(ledger, block, balance) }} as chained
            window
                forwards as (
                    partition by account
                    order by {% for column in running.order %}order_{{ loop.index }} asc, {% endfor %}entry asc
                )
            {%- else %}
            select
                chained.*,
                coalesce(afters.count, 0) + coalesce((chained.was_found = chained.opening)::int, 0)
                    as left_as_before,
                row_number() over (
                    partition by chained.account, chained.was_found
                    order by chained.happened_at asc, chained.entry asc
                ) as use_of_before,
                unmatched.is_stored_unmatched,
                coalesce(befores.count, 0) < afters_of_own.count as is_after_unmatched,
                row_number() over (
                    partition by chained.account
                    order by
                        coalesce(befores.count, 0) >= afters_of_own.count asc,
                        chained.happened_at desc,
                        chained.entry desc
                ) as place_of_after
            from {{ ledger_chained(ledger, block, balance) }} as chained
            left join (
                select account, was_left as value, count(*) as count
                from {{ ledger_chained(ledger, block, balance) }} as chained
                group by account, was_left
            ) as afters on chained.account = afters.account and chained.was_found = afters.value
            left join (
                select account, was_left as value, count(*) as count
                from {{ ledger_chained(ledger, block, balance) }} as chained
                group by account, was_left
            ) as afters_of_own
                on chained.account = afters_of_own.account and chained.was_left = afters_of_own.value
            left join (
                select account, was_found as value, count(*) as count
                from {{ ledger_chained(ledger, block, balance) }} as chained
                group by account, was_found
            ) as befores on chained.account = befores.account and chained.was_left = befores.value
            left join (
                select
                    account,
                    max((opening = stored)::int) + count(*) filter (where was_left = stored)
                    <= count(*) filter (where was_found = stored) as is_stored_unmatched
                from {{ ledger_chained(ledger, block, balance) }} as chained
                group by account
            ) as unmatched on chained.account = unmatched.account
            {%- endif %}
        ) as linked
    ) as judged
    where chain_fault is not null
    group by entry, account
)
{%- endmacro %}
