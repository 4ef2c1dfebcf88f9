{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}

with

baseline as (
    select
        ledger,
        entries,
        day,
        account,
        entry_count,
        entries_amount,
        entries_hash,
        closed_at
    from {{ source('history', 'closed_days') }}
    where database_name = {{ text_literal(var('contract')['database']) }}
),

-- Two plans of one day may have been carried out before an audit looks.
stated as (
    select
        ledger,
        entries,
        day,
        account,
        sum(entry_count) as entry_count,
        sum(entries_amount) as entries_amount,
        sum(entries_hash) as entries_hash,
        string_agg(plan_id, ', ' order by plan_id) as plan_ids
    from {{ ref('standing_statements') }}
    where is_carried_out
    group by ledger, entries, day, account
)

{% for ledger, block in ledger_parts('blocks', 'closes') %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    accounts.tenant_id,
    changes.day,
    changes.account,
    coalesce(accounts.label, changes.account) as account_label,
    {{ text_literal(ledger.words.unit) }} as unit,
    changes.closed_entry_count,
    changes.entry_count,
    changes.entry_count - changes.closed_entry_count as entry_count_change,
    {{ ledger_amount('changes.closed_amount') }} as closed_amount,
    {{ ledger_amount('changes.entries_amount') }} as entries_amount,
    {{ ledger_amount('changes.entries_amount - changes.closed_amount') }}
        as entries_amount_change,
    changes.entries_hash::text as entries_hash,
    case
        when
            changes.entry_count = changes.closed_entry_count
            and changes.entries_amount = changes.closed_amount
            then ', of other entries'
        else ''
    end as difference,
    stated.plan_ids as stated_by
from (
    select
        coalesce(closed.day, days.day) as day,
        coalesce(closed.account, days.account) as account,
        coalesce(closed.entry_count, 0) as closed_entry_count,
        coalesce(closed.entries_amount, 0) as closed_amount,
        coalesce(days.entry_count, 0) as entry_count,
        coalesce(days.entries_amount, 0) as entries_amount,
        coalesce(days.entries_hash, 0) as entries_hash,
        -- Null only where it was closed before that was kept.
        case when closed.day is null then 0 else closed.entries_hash end as closed_hash
    from (
        select * from baseline
        where ledger = {{ ledger.name }} and entries = {{ block.name }}
    ) as closed
    full join {{ ledger_days(
        ledger,
        block,
        "entries.happened_at < (select (closed_through + 1)::timestamp at time zone 'UTC' from "
        ~ ref('ledger_settlement') ~ " where ledger = " ~ ledger.name
        ~ " and entries = " ~ block.name ~ ")"
    ) }} as days
        on closed.day = days.day and closed.account = days.account
    where
        -- What was accepted at a later instant says nothing of an older state.
        coalesce(closed.closed_at <= {{ as_of() }}, true)
        and (
            coalesce(closed.entry_count, 0) <> coalesce(days.entry_count, 0)
            or coalesce(closed.entries_amount, 0) <> coalesce(days.entries_amount, 0)
            or closed.entries_hash <> days.entries_hash
        )
) as changes
left join stated
    on
        stated.ledger = {{ ledger.name }}
        and stated.entries = {{ block.name }}
        and changes.day = stated.day
        and changes.account = stated.account
        and stated.entry_count = changes.entry_count - changes.closed_entry_count
        and stated.entries_amount = changes.entries_amount - changes.closed_amount
        and coalesce(stated.entries_hash = changes.entries_hash - changes.closed_hash, true)
left join {{ ledger_account_rows(ledger) }} as accounts
    on changes.account = accounts.account::text
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
