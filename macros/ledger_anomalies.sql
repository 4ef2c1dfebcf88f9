{#
    What is wrong with the entries and holds of an account that is off, each worth its amount IF
    the stored balance did not follow the entries there.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
        account: an SQL expression, of the account's type.
    Returns: a query: cause, entity_type, entity, amount and detail.
    Example: from ({{ ledger_anomalies(ledger, balance, 'off.account') }}) as anomalies
#}
{% macro ledger_anomalies(ledger, balance, account) -%}
{%- set unit = text_literal(ledger.words.unit) -%}
{%- set reasons = ledger.reasons -%}
select
    null::text as cause,
    null::text as entity_type,
    null::text as entity,
    null::numeric as amount,
    null::text as detail
where false
{%- for holds in ledger.holds if holds.balance == balance.name and holds.account %}
{%- set word = text_literal(ledger.words.hold) %}
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
    hold::text,
    owed_amount - (has_amount - unknown_amount),
    case hold_fault
        when 'missing' then format(
            '%s %s has no entry (%s%s %s, %s%s)',
            {{ word }},
            hold,
            hold_label || ', ',
            hold_amount,
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
            {{ word }}, hold, taking_count, taken_amount, {{ unit }}, hold_amount
        )
        when 'wrong amount' then format(
            'of %s %s %s %s were taken for %s',
            {{ word }}, hold, taken_amount, {{ unit }}, hold_amount
        )
        when 'given back beyond' then format(
            '%s %s was given back %s %s of %s taken',
            {{ word }}, hold, given_amount, {{ unit }}, taken_amount
        )
        when 'wrong refund' then format(
            '%s %s was given back %s %s instead of %s',
            {{ word }}, hold, given_amount, {{ unit }}, due_back_amount
        )
        when 'kept' then format(
            '%s %s is %s, and has %s %s', {{ word }}, hold, hold_status, has_amount, {{ unit }}
        )
        else format(
            '%s %s is %s, and has %s %s instead of %s',
            {{ word }}, hold, hold_status, has_amount, {{ unit }}, owed_amount
        )
    end
from {{ ledger_hold_rows(ledger, holds, account) }} as hold_rows
where hold_fault is not null
{%- for block in ledger.blocks if holds.name in block.holds and block.effects[balance.name] %}
union all
select
    'entry of another account',
    'entry',
    {{ block.entry }}::text,
    -{{ block.effects[balance.name] }},
    format(
        'entry %s (%s %s) is booked here, its %s %s is of %s',
        {{ block.entry }}, {{ block.effects[balance.name] }}, {{ unit }},
        {{ word }}, {{ block.holds[holds.name] }}, counterfoil_hold.account
    )
from {{ block.relation }}
cross join lateral (
    select {{ holds.account }} as account
    from {{ holds.relation }}
    where {{ holds.hold }} = {{ block.holds[holds.name] }}
) as counterfoil_hold
where
    {{ block.account }} = {{ account }}
    and ({{ block.counted[balance.name] }})
    and counterfoil_hold.account is distinct from {{ block.account }}
union all
select
    'entry of another account',
    'entry',
    counterfoil_entry.entry::text,
    counterfoil_entry.amount,
    format(
        'entry %s (%s %s) of %s %s is booked on another %s',
        counterfoil_entry.entry, counterfoil_entry.amount, {{ unit }},
        {{ word }}, {{ holds.hold }}, {{ text_literal(ledger.words.account) }}
    )
from {{ holds.relation }}
cross join lateral (
    select
        {{ block.entry }} as entry,
        {{ block.effects[balance.name] }} as amount
    from {{ block.relation }}
    where
        {{ block.holds[holds.name] }} = {{ holds.hold }}
        and {{ block.account }} is distinct from {{ account }}
        and ({{ block.counted[balance.name] }})
) as counterfoil_entry
where {{ holds.account }} = {{ account }}
{%- endfor %}
{%- endfor %}
{%- for block in ledger.blocks if block.effects[balance.name] %}
{%- set amount = block.effects[balance.name] %}
{%- for name, hold in block.holds.items() %}
{%- set holds = ledger.holds | selectattr('name', 'equalto', name) | first %}
union all
select
    'entry without a ' || {{ text_literal(ledger.words.hold) }},
    'entry',
    {{ block.entry }}::text,
    -{{ amount }},
    format(
        'entry %s (%s%s %s) belongs to no %s',
        {{ block.entry }}, {{ block.reason }} || ', ', {{ amount }}, {{ unit }},
        {{ text_literal(ledger.words.hold) }}
    )
from {{ block.relation }}
where
    {{ block.account }} = {{ account }}
    and ({{ block.counted[balance.name] }})
    and case
        when {{ hold }} is null then {{ ledger_needs_hold(ledger, block) }}
        else not exists (
            select from {{ holds.relation }}
            where {{ holds.hold }} = {{ hold }}
        )
    end
{%- endfor %}
{%- if reasons.all and block.has_reason %}
union all
select
    'entry of unknown reason',
    'entry',
    {{ block.entry }}::text,
    -{{ amount }},
    format(
        'entry %s (%s %s) has the unknown reason %s',
        {{ block.entry }}, {{ amount }}, {{ unit }}, coalesce({{ block.reason }}, 'null')
    )
from {{ block.relation }}
where
    {{ block.account }} = {{ account }}
    and ({{ block.counted[balance.name] }})
    and ({{ block.reason }} in {{ reasons.all }}) is not true
    {%- for name, hold in block.holds.items() %}
    {%- set holds = ledger.holds | selectattr('name', 'equalto', name) | first %}
    -- Booked elsewhere, or on nothing, it is an anomaly already.
    and ({{ hold }} is null or exists (
        select from {{ holds.relation }}
        where
            {{ holds.hold }} = {{ hold }}
            {%- if holds.account %} and {{ holds.account }} is not distinct from {{ account }}{% endif %}
    ))
    {%- endfor %}
{%- endif %}
{%- endfor %}
{%- endmacro %}
