{#
    What is wrong with the entries and holds of an account that is off, each worth its amount IF
    the stored balance did not follow the entries there.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
        account: an SQL expression, of the account's type.
    Returns: a query: cause, entity_type, part, precedence, entity, amount and detail. Of an
        entity of a part the one of the least precedence is meant: one row is one anomaly.
    Example: from ({{ ledger_anomalies(ledger, balance, 'off.account') }}) as anomalies
#}
{% macro ledger_anomalies(ledger, balance, account) -%}
{%- set unit = text_literal(ledger.words.unit) -%}
{%- set word = text_literal(ledger.words.hold) -%}
{%- set reasons = ledger.reasons -%}
select
    null::text as cause,
    null::text as entity_type,
    null::text as part,
    0 as precedence,
    null::text as entity,
    null::numeric as amount,
    null::text as detail
where false
{%- for holds in ledger.holds if holds.balance == balance.name and holds.account %}
union all
select
    case
        when hold_fault = 'missing'
            {% if ledger.epoch -%}
            and held_at < {{ ledger.epoch }}
            {%- else -%}
            and false
            {%- endif %}
            then 'missing, from before the epoch'
        else hold_fault
    end,
    {{ word }},
    'holds ' || {{ holds.label_of }},
    0,
    hold::text,
    owed_amount - (has_amount - unknown_amount),
    case hold_fault
        when 'missing' then format(
            '%s %s has no entry (%s%s %s, %s%s)',
            {{ word }},
            hold,
            hold_label || ', ',
            {{ in_words('hold_amount') }},
            {{ unit }},
            hold_status,
            {% if holds.has_at -%}
            coalesce(
                to_char(held_at at time zone 'UTC', ', YYYY-MM-DD HH24:MI:SS "UTC"'),
                ', at an unknown time'
            )
            {%- if ledger.epoch %}
            || case
                when held_at < {{ ledger.epoch }} then ', before the ledger''s epoch: legacy'
                else ', not before the ledger''s epoch: new'
            end
            {%- endif %}
            {%- else -%}
            ''
            {%- endif %}
        )
        when 'repeated' then format(
            '%s %s has %s entries that take (%s %s for %s)',
            {{ word }}, hold, taking_count, {{ in_words('taken_amount') }}, {{ unit }},
            {{ in_words('hold_amount') }}
        )
        when 'wrong amount' then format(
            'of %s %s %s %s were taken for %s',
            {{ word }}, hold, {{ in_words('taken_amount') }}, {{ unit }}, {{ in_words('hold_amount') }}
        )
        when 'given back beyond' then format(
            '%s %s was given back %s %s of %s taken',
            {{ word }}, hold, {{ in_words('given_amount') }}, {{ unit }}, {{ in_words('taken_amount') }}
        )
        when 'wrong refund' then format(
            '%s %s was given back %s %s instead of %s',
            {{ word }}, hold, {{ in_words('given_amount') }}, {{ unit }},
            {{ in_words('due_back_amount') }}
        )
        when 'kept' then format(
            '%s %s is %s, and has %s %s', {{ word }}, hold, hold_status, {{ in_words('has_amount') }}, {{ unit }}
        )
        else format(
            '%s %s is %s, and has %s %s instead of %s',
            {{ word }}, hold, hold_status, {{ in_words('has_amount') }}, {{ unit }},
            {{ in_words('owed_amount') }}
        )
    end
from {{ ledger_hold_rows(ledger, holds, account) }} as hold_rows
where hold_fault is not null
{%- endfor %}
{%- for block in ledger.blocks if block.effects[balance.name] %}
{%- set named = ledger_named_holds(ledger, block) %}
{%- for column, holds in named if holds.account %}
union all
select
    'entry of another account',
    'entry',
    'entries ' || {{ block.name }},
    1,
    entries.entry::text,
    -entries.amount,
    format(
        'entry %s (%s %s) is booked here, its %s %s is of %s',
        entries.entry, {{ in_words('entries.amount') }}, {{ unit }}, {{ word }}, entries.{{ column }}, held.account
    )
from {{ ledger_entry_rows(ledger, block, balance) }} as entries
inner join {{ ledger_hold_keys(ledger, holds) }} as held on entries.{{ column }} = held.hold
where
    entries.account = {{ account }}
    and entries.is_counted
    and held.account is distinct from entries.account
union all
select
    'entry of another account',
    'entry',
    'entries ' || {{ block.name }},
    1,
    entries.entry::text,
    entries.amount,
    format(
        'entry %s (%s %s) of %s %s is booked on another %s',
        entries.entry, {{ in_words('entries.amount') }}, {{ unit }}, {{ word }}, held.hold,
        {{ text_literal(ledger.words.account) }}
    )
from {{ ledger_hold_keys(ledger, holds) }} as held
inner join {{ ledger_entry_rows(ledger, block, balance) }} as entries
    on held.hold = entries.{{ column }}
where
    held.account = {{ account }}
    and entries.is_counted
    and entries.account is distinct from held.account
{%- endfor %}
{%- for column, holds in named %}
union all
select
    'entry without a ' || {{ word }},
    'entry',
    'entries ' || {{ block.name }},
    2,
    entries.entry::text,
    -entries.amount,
    format(
        'entry %s (%s%s %s) belongs to no %s',
        entries.entry, entries.reason || ', ', {{ in_words('entries.amount') }}, {{ unit }},
        {{ word }}
    )
from {{ ledger_entry_rows(ledger, block, balance) }} as entries
where
    entries.account = {{ account }}
    and entries.is_counted
    and case
        when entries.{{ column }} is null
            -- Of several kinds it needs one: it is said once.
            then {{ 'entries.needs_hold' if loop.first else 'false' }}
                {%- for other, _ in named %} and entries.{{ other }} is null{% endfor %}
        else not exists (
            select
            from {{ ledger_hold_keys(ledger, holds) }} as held
            where held.hold = entries.{{ column }}
        )
    end
{%- endfor %}
{%- if reasons.all and block.has_reason %}
union all
select
    'entry of unknown reason',
    'entry',
    'entries ' || {{ block.name }},
    3,
    entries.entry::text,
    -entries.amount,
    format(
        'entry %s (%s %s) has the unknown reason %s',
        entries.entry, {{ in_words('entries.amount') }}, {{ unit }}, coalesce(entries.reason, 'null')
    )
from {{ ledger_entry_rows(ledger, block, balance) }} as entries
where
    entries.account = {{ account }}
    and entries.is_counted
    and (entries.reason in {{ reasons.all }}) is not true
    {%- for column, holds in named %}
    -- Booked elsewhere, or on nothing, it is an anomaly already.
    and (entries.{{ column }} is null or exists (
        select
        from {{ ledger_hold_keys(ledger, holds) }} as held
        where
            held.hold = entries.{{ column }}
            {%- if holds.account %} and held.account is not distinct from entries.account{% endif %}
    ))
    {%- endfor %}
{%- endif %}
{%- if block.transaction %}
union all
select
    'transaction that repeats another',
    'entry',
    'entries ' || {{ block.name }},
    4,
    entries.entry::text,
    -entries.amount,
    format(
        'entry %s (%s %s) is of transaction %s, which repeats another',
        entries.entry, {{ in_words('entries.amount') }}, {{ unit }}, entries.transaction
    )
from {{ ledger_entry_rows(ledger, block, balance) }} as entries
inner join {{ ledger_repeats(ledger, block) }} as repeats
    on entries.entry = repeats.entry and entries.account = repeats.account
where
    entries.account = {{ account }}
    and entries.is_counted
    and entries.transaction is not null
    and repeats.is_rapid
{%- endif %}
{%- if block.reverses %}
union all
select
    'second reversal',
    'entry',
    'entries ' || {{ block.name }},
    5,
    reversals.entry::text,
    -reversals.excess_amount,
    format(
        'entry %s takes back %s %s that are not there to be taken back',
        reversals.entry, {{ in_words('reversals.excess_amount') }}, {{ unit }}
    )
from {{ ledger_reversals(ledger, block, balance, account) }} as reversals
where reversals.excess_amount <> 0
{%- endif %}
{%- endfor %}
{%- endmacro %}
