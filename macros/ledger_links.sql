{#
    What of a discrepancy the chain of running balances shows for certain: an entry that found
    another balance than was left, and one whose step is not its amount. Where it found one that
    had been left before, what came in between was lost: the balance did not follow an entry. Any
    other gap is of an entry that was deleted, or of a balance that was changed past them. What
    the last entry left and what is stored is no link: that is the rest, for which other evidence
    is sought.

    Arguments:
        ledger: one of `ledgers()`.
        block: a block of entries with `running_balance`.
        balance: the balance that sums them.
        account: an SQL expression, of the account's type.
    Returns: a query: cause, entity, amount and detail; nothing where a running balance is null.
    Example: from ({{ ledger_links(ledger, block, balance, 'off.account') }}) as links
#}
{% macro ledger_links(ledger, block, balance, account) -%}
{%- set running = block.running -%}
{%- set unit = text_literal(ledger.words.unit) -%}
{%- set order -%}
    {%- for column in running.order %}order_{{ loop.index }} asc, {% endfor %}entry asc
{%- endset -%}
select links.cause, links.entity, links.amount, links.detail
from (
    with

    chained as (
        select *
        from {{ ledger_chained(ledger, block, balance) }} as entries
        where account = {{ account }}
    ),

    {% if running.order -%}
    linked as (
        select
            entry,
            happened_at,
            amount,
            was_left,
            previously_left,
            {{ 'was_found' if running.before else 'previously_left' }} as was_found,
            position
        from (
            select
                *,
                row_number() over forwards as position,
                case
                    when row_number() over forwards = 1 then opening
                    else lag(was_left) over forwards
                end as previously_left
            from chained
            window forwards as (order by {{ order }})
        ) as ordered
    ),

    gaps as (
        select
            linked.entry::text as entity,
            linked.was_found - linked.previously_left as amount,
            format(
                'entry %s found %s where %s was left%s',
                linked.entry,
                {{ in_words('linked.was_found') }},
                {{ in_words('linked.previously_left') }},
                ', so that ' || lost.entries || ' was lost'
            ) as detail,
            lost.entries is not null as is_lost
        from linked
        left join lateral (
            -- It returns to what an earlier one had left: what came since was not seen.
            select string_agg('entry ' || since.entry::text, ', ' order by since.position) as entries
            from linked as since
            where
                since.position < linked.position
                and since.position > (
                    select max(origin.position)
                    from (
                        select position, was_left
                        from linked
                        union all
                        select 0, (select min(opening) from chained)
                    ) as origin
                    where
                        origin.position < linked.position
                        and origin.was_left = linked.was_found
                )
        ) as lost on true
        where linked.was_found <> linked.previously_left
    )
    {%- else -%}
    linked as (
        select entry, happened_at, amount, was_left, was_found from chained
    ),

    -- Each balance: how often it was found, and how often it was left.
    seen as (
        select value, sum(found) as found, sum(remaining) as remaining
        from (
            select was_found as value, 1 as found, 0 as remaining from chained
            union all
            select was_left, 0, 1 from chained
            union all
            (select stored, 1, 0 from chained limit 1)
            union all
            (select opening, 0, 1 from chained limit 1)
        ) as sides
        group by value
    ),

    unmatched as (
        select
            sum(value * (found - remaining)) as amount,
            bool_and(remaining > 0) filter (where found > remaining) as is_lost
        from seen
        having
            not coalesce(bool_or(
                found > remaining and value = (select min(chained.stored) from chained)
            ), true)
    ),

    gaps as (
        select
            (
                select chained.entry::text
                from chained
                inner join seen on chained.was_found = seen.value and seen.found > seen.remaining
                order by chained.happened_at desc nulls first, chained.entry desc
                limit 1
            ) as entity,
            unmatched.amount,
            format(
                'nothing began from what these had left: %s (%s %s)',
                (
                    select string_agg('entry ' || chained.entry::text, ', ' order by chained.entry)
                    from chained
                    inner join seen on chained.was_left = seen.value and seen.found < seen.remaining
                ),
                {{ in_words('unmatched.amount') }}, {{ unit }}
            ) as detail,
            unmatched.is_lost
        from unmatched
        where unmatched.amount <> 0
    )
    {%- endif %}

    select
        case when gaps.is_lost then 'lost entry' else 'gap in the chain' end as cause,
        gaps.entity,
        gaps.amount,
        gaps.detail
    from gaps
    where not exists (select from linked where was_found is null or was_left is null)
    union all
    select
        'wrong step',
        linked.entry::text,
        linked.was_left - linked.was_found - coalesce(linked.amount, 0),
        format(
            'entry %s of %s %s turned %s into %s',
            linked.entry,
            {{ in_words('linked.amount') }},
            {{ unit }},
            {{ in_words('linked.was_found') }},
            {{ in_words('linked.was_left') }}
        )
    from linked
    where
        linked.was_left - linked.was_found <> coalesce(linked.amount, 0)
        and not exists (
            select from linked as unknown where unknown.was_found is null or unknown.was_left is null
        )
) as links
{%- endmacro %}
