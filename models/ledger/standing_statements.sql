{{ config(enabled=contract_declares('ledger', 'ledgers.closed_days')) }}

{#
    A statement holds once, for a day, and for the very rows that it names. The day goes by the
    server's clock, as does `stated_at`: 'now' may be dated.
#}

with

standing as (
    select
        plan_id,
        ledger,
        entries,
        day,
        account,
        entry_count,
        entries_amount,
        entry_rows
    from {{ source('history', 'stated_changes') }}
    where
        database_name = {{ text_literal(var('contract')['database']) }}
        and accepted_at is null
        and withdrawn_at is null
        and stated_at > now() - interval '1 day'
)

{% for ledger, block in ledger_parts('blocks', 'closes') %}
select
    standing.plan_id,
    standing.ledger,
    standing.entries,
    standing.day,
    standing.account,
    standing.entry_count,
    standing.entries_amount,
    coalesce(carried_out.entry_count = standing.entry_count, false) as is_carried_out,
    carried_out.entries_hash
from standing
left join lateral (
    select
        count(*) as entry_count,
        {{ ledger_entries_hash(block) }} as entries_hash
    from
        jsonb_to_recordset(standing.entry_rows) as stated (
            entry text,
            hold text,
            change_amount numeric,
            reason text,
            created_at timestamptz
        )
    inner join {{ ledger_entry_rows(ledger, block) }} as entries
        on
            stated.hold is not distinct from {{ ledger_hold_of(block) }}
            and stated.change_amount = entries.own_amount
            and stated.reason is not distinct from entries.reason
            and stated.created_at = entries.happened_at
            -- Where the table makes its own keys none could be stated.
            and coalesce(stated.entry = entries.entry::text, true)
    where entries.account::text = standing.account
) as carried_out on true
where standing.ledger = {{ ledger.name }} and standing.entries = {{ block.name }}
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
