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
{%- set holds = block.holds.values() | list -%}
{%- set hold = holds[0] if holds | length == 1 else none -%}
{%- if holds | length > 1 -%}
    {%- set hold = 'coalesce(' ~ holds | join('::text, ') ~ '::text)' -%}
{%- endif -%}
(
    select entry, account, min(previous_like_it_at) as previous_like_it_at
    from (
        {%- if not (block.has_at and block.has_reason) %}
        select
            {{ block.entry }} as entry,
            {{ block.account }} as account,
            null::timestamptz as previous_like_it_at
        from {{ block.relation }}
        where false
        {%- elif block.transaction %}
        select entry, account, previous_like_it_at
        from (
            select
                {{ block.entry }} as entry,
                {{ block.account }} as account,
                {{ block.transaction }} as transaction
            from {{ block.relation }}
            where {{ block.counts }}
        ) as entries
        inner join (
            select
                transaction,
                lag(happened_at) over (
                    partition by entries order by happened_at asc, transaction asc
                ) as previous_like_it_at
            from (
                select
                    {{ block.transaction }} as transaction,
                    min({{ block.at }}) as happened_at,
                    array_agg(
                        format('%L %L %L', {{ block.account }}, {{ block.reason }}, {{ block.alike }})
                        order by {{ block.account }}::text, {{ block.alike }}
                    ) as entries
                from {{ block.relation }}
                where ({{ block.counts }}) and {{ block.transaction }} is not null
                group by {{ block.transaction }}
                having bool_and({{ block.reason }} is not null)
            ) as transactions
        ) as repeated using (transaction)
        {%- else %}
        {%- for of in ([hold, block.account] if hold else [block.account]) %}
        {%- set condition = (hold ~ ' is null and ' if hold and not loop.first else '') ~ of ~ ' is not null' %}
        select
            {{ block.entry }} as entry,
            {{ block.account }} as account,
            lag({{ block.at }}) over (
                partition by {{ of }}, {{ block.reason }}, {{ block.alike }}
                order by {{ block.at }} asc, {{ block.entry }} asc
            ) as previous_like_it_at
        from {{ block.relation }}
        inner join (
            select {{ of }} as of, {{ block.alike }} as amount
            from {{ block.relation }}
            where ({{ block.counts }}) and {{ condition }}
            group by {{ of }}, {{ block.alike }}
            having count(*) > 1
        ) as counterfoil_repeated
            on
                {{ of }} = counterfoil_repeated.of
                and {{ block.alike }} = counterfoil_repeated.amount
        where ({{ block.counts }}) and {{ block.reason }} is not null and {{ condition }}
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
        {%- endif %}
    ) as repeated_entries
    group by entry, account
)
{%- endmacro %}
