{#
    What explains that an account is off, as far as the evidence goes.

    An anomaly proves nothing by itself: whether the stored balance followed the entries there is
    not on record. So every set of an account's anomalies is tried, and the sets that leave the
    least unexplained are kept, less those that hold another such set: what they add cancels out.
    What all sets kept hold explains the discrepancy, what only some hold may explain it. Beyond
    this many anomalies those of a cause are taken or left together: a writer that fails so often
    fails in the same way.
    Before all that goes what is wrong with the balance as a whole, and what the chain of running
    balances shows. Of the rest size alone can speak, and never for certain: an entry that does not
    count and is of just that size, or else one that counts and may have been left out, or have
    been counted twice, is named as a candidate.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
        off: the alias of a row with the account and its discrepancy_amount.
    Returns: a query, a row for an anomaly or a candidate: tier, cause, entity_type, part, entity,
        amount, evidence_role, detail, cause_amount, candidate_count and happened_at. The row
        of the role `rest` has the unexplained amount, and as cause_amount all that is certain.
    Example: cross join lateral ({{ ledger_explained(ledger, balance, 'sums') }}) as explained
#}
{% macro ledger_explained(ledger, balance, off) -%}
{%- set most_anomalies = 12 -%}
{%- set account = off ~ '.account' -%}
with recursive

whole_fault as (
    select ({{ ledger_whole_fault(ledger, balance) }}) as detail
),

links as (
    select
        null::text as part,
        null::text as cause,
        null::text as entity,
        null::numeric as amount,
        null::text as detail
    where false
    {%- for block in ledger.blocks if block.running and block.running.balance == balance.name %}
    union all
    select 'entries ' || {{ block.name }}, of_block.*
    from ({{ ledger_links(ledger, block, balance, account) }}) as of_block
    where (select whole_fault.detail from whole_fault) is null
    {%- endfor %}
),

found as (
    select
        *,
        row_number() over (
            order by abs(amount) desc, cause asc, entity_type asc, entity asc
        ) as rank,
        dense_rank() over (order by cause asc) as cause_rank,
        count(*) over () as anomaly_count
    from (
        select distinct on (part, entity) anomalies.*
        from ({{ ledger_anomalies(ledger, balance, account) }}) as anomalies
        where (select whole_fault.detail from whole_fault) is null
        order by part asc, entity asc, precedence asc
    ) as single
    where amount <> 0
),

-- What is taken or left together has one place.
places as (
    select
        *,
        case
            when anomaly_count > {{ most_anomalies }} then cause_rank
            else rank
        end::int as place
    from found
),

weights as (
    select place, sum(amount) as amount
    from places
    group by place
),

-- Each number stands for the set of the places whose bit is 1 in it.
sets (place, number, rest) as (
    select
        0,
        0::bigint,
        {{ off }}.discrepancy_amount::numeric
        - (select coalesce(sum(links.amount), 0) from links)
    union all
    select
        weights.place,
        sets.number | (taken.bit << (weights.place - 1)),
        sets.rest - taken.bit * weights.amount
    from sets
    inner join weights on weights.place = sets.place + 1
    cross join (values (0::bigint), (1::bigint)) as taken (bit)
),

whole as (
    select number, rest
    from sets
    where place = (select coalesce(max(weights.place), 0) from weights)
),

nearest as (
    select number, rest
    from whole
    where abs(rest) = (select min(abs(tried.rest)) from whole as tried)
),

best as (
    select number, rest
    from nearest
    where not exists (
        select
        from nearest as smaller
        where smaller.number <> nearest.number and smaller.number & nearest.number = smaller.number
    )
),

taken as (
    select
        places.rank,
        places.cause,
        places.amount,
        best.number,
        (best.number >> (places.place - 1)) & 1 = 1 as is_taken
    from places
    cross join best
),

-- A cause is certain of what every best set gives it, whichever rows that is.
causes as (
    select
        cause,
        case when min(amount) = max(amount) then min(amount) else 0 end as amount
    from (
        select cause, number, coalesce(sum(amount) filter (where is_taken), 0) as amount
        from taken
        group by cause, number
    ) as of_sets
    group by cause
),

roles as (
    select
        rank,
        case
            when bool_and(is_taken) then 'explains'
            when bool_or(is_taken) then 'may explain'
            else 'does not explain'
        end as evidence_role
    from taken
    group by rank
),

-- Two best sets may miss by as much on either side: one rest, not two.
rests as (
    select min(rest) as amount from best
),

uncounted as (
    select
        null::text as part,
        null::text as entity,
        null::numeric as amount,
        null::timestamptz as happened_at
    where false
    {%- for block in ledger.blocks if block.gross[balance.name] %}
    union all
    select
        'entries ' || {{ block.name }},
        entries.entry::text,
        entries.uncounted_amount,
        entries.happened_at
    from {{ ledger_entry_rows(ledger, block, balance) }} as entries
    inner join rests on entries.uncounted_amount = rests.amount
    where
        entries.account = {{ account }}
        and not entries.is_counted
        and rests.amount <> 0
        and (select whole_fault.detail from whole_fault) is null
    {%- endfor %}
),

counted as (
    select
        null::text as part,
        null::text as entity,
        null::numeric as amount,
        null::timestamptz as happened_at
    where false
    {%- for block in ledger.blocks if block.effects[balance.name] %}
    union all
    select
        'entries ' || {{ block.name }},
        entries.entry::text,
        entries.amount,
        entries.happened_at
    from {{ ledger_entry_rows(ledger, block, balance) }} as entries
    inner join rests on abs(entries.amount) = abs(rests.amount)
    where
        entries.account = {{ account }}
        and entries.is_counted
        and rests.amount <> 0
        and not exists (select from uncounted)
        and (select whole_fault.detail from whole_fault) is null
        and not exists (
            select
            from found
            where
                found.part = 'entries ' || {{ block.name }}
                and found.entity = entries.entry::text
        )
    {%- endfor %}
),

candidates as (
    select *, 3 as tier, 'entry that does not count' as cause, count(*) over () as candidate_count
    from uncounted
    union all
    select
        *,
        4 as tier,
        case
            when sign(amount) = sign((select rests.amount from rests)) then 'entry counted twice'
            else 'entry left out of the balance'
        end as cause,
        count(*) over (partition by sign(amount)) as candidate_count
    from counted
)

select
    2 as tier,
    places.cause,
    places.entity_type,
    places.part,
    places.entity,
    places.amount,
    roles.evidence_role,
    places.detail,
    causes.amount as cause_amount,
    null::bigint as candidate_count,
    null::timestamptz as happened_at
from places
inner join causes on places.cause = causes.cause
inner join roles on places.rank = roles.rank
union all
select
    candidates.tier,
    candidates.cause,
    'entry',
    candidates.part,
    candidates.entity,
    candidates.amount,
    'candidate',
    null,
    null,
    candidates.candidate_count,
    candidates.happened_at
from candidates
union all
select 1, links.cause, 'entry', links.part, links.entity, links.amount, 'explains', links.detail, links.amount, null, null
from links
-- Last, what is left, and how much of the discrepancy is certain.
union all
select
    0,
    null,
    null,
    null,
    null,
    rests.amount,
    'rest',
    whole_fault.detail,
    (select coalesce(sum(causes.amount), 0) from causes)
    + (select coalesce(sum(links.amount), 0) from links),
    null,
    null
from rests
cross join whole_fault
{%- endmacro %}
