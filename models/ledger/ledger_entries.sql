{{ config(enabled=contract_declares('ledger', 'ledgers.entries')) }}

-- noqa: disable=layout.indent

{% for ledger, block in ledger_parts('blocks') %}
{% set reasons = ledger.reasons %}
{% set holds = ledger_named_holds(ledger, block) %}
{% set unheld = [] %}
{% for column, of in holds %}
{% do unheld.append('entries.' ~ column ~ ' is null') %}
{% endfor %}
{# What an entry adds to the balance that its hold owes. #}
{% set owed = holds and ledger_balance(ledger, holds[0][1].balance) %}
{% set own = 'entries.own_amount' %}
{% set moved = 'case when ' ~ unheld | join(' and ') ~ ' then ' ~ own
    ~ ' else coalesce(entries.amount, ' ~ own ~ ') end' if holds else own %}
{% set direction = 'coalesce(' ~ coalesced('holds', holds, 'own_direction') ~ ', -1)' %}
{% set at = 'entries.happened_at' %}
{% set latest = at ~ " + interval '1 day'" if block.is_day else at %}
{% set chained = block.running and ledger_balance(ledger, block.running.balance) %}
{# Of a query that has a `with` Postgres computes a column once, however often it stands. #}
(
with

entries as (
    select * from {{ ledger_entry_rows(ledger, block, owed or none) }} as rows_of_block
)

select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    coalesce(entries.tenant_id, accounts.tenant_id) as tenant_id,
    entries.entry::{{ ledger_type('entry') }} as entry,
    entries.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, entries.account::text) as account_label,
    {{ text_literal(ledger.words.account) }} as account_word,
    {{ text_literal(ledger.words.hold) }} as hold_word,
    {{ text_literal(ledger.words.unit) }} as unit,
    {{ ledger_hold_of(block) }} as hold,
    {{ coalesced('holds', holds, 'account') if holds else 'null' }}::text as hold_account,
    {{ ledger_amount('entries.own_amount') }} as change_amount,
    entries.reason,
    entries.happened_at as created_at,
    repeats.previous_like_it_at,
    (
        {% if holds -%}
        entries.needs_hold and {{ unheld | join(' and ') }}
        {%- else -%}
        false
        {%- endif %}
    ) as is_hold_unset,
    (
        {% for column, of in holds if of.account -%}
        (
            holds_{{ column[5:] }}.hold is not null
            and holds_{{ column[5:] }}.account is distinct from entries.account
        )
        or {% endfor -%}
        false
    ) as is_of_another_account,
    {% if reasons.all and block.has_reason -%}
    coalesce(
        entries.own_amount = 0
        or entries.reason not in {{ reasons.all }}
        {%- if reasons.takes %}
        or (
            entries.reason in {{ reasons.takes }}
            and sign({{ moved }}) <> {{ direction }}
        )
        {%- endif %}
        {%- if reasons.gives %}
        or (
            entries.reason in {{ reasons.gives }}
            and sign({{ moved }}) = {{ direction }}
        )
        {%- endif %},
        true
    )
    {%- else -%}
    false
    {%- endif %} as is_reason_or_sign_wrong,
    {% if block.has_at -%}
    coalesce(
        entries.happened_at > {{ as_of() }}
        or (accounts.is_audited and {{ latest }} < accounts.created_at)
        {%- for column, of in holds %}
        or {{ latest }} < holds_{{ loop.index }}.created_at
        {%- endfor %},
        entries.happened_at is null
    )
    {%- else -%}
    false
    {%- endif %} as is_time_implausible,
    coalesce(repeats.is_rapid, false) as is_rapid_repeat,
    {% if ledger.freezes and block.has_reason and reasons.adjusts -%}
    coalesce(
        entries.reason in {{ reasons.adjusts }}
        and (
            {%- for freeze in ledger.freezes %}
            (
                entries.happened_at >= {{ freeze['from'] }}
                and entries.happened_at < {{ freeze['until'] }}
            )
            {{- ' or' if not loop.last }}
            {%- endfor %}
        ),
        false
    )
    {%- else -%}
    false
    {%- endif %} as is_frozen,
    {% if ledger.accounts.has_currency and block.has_currency -%}
    (
        coalesce(accounts.is_audited, false)
        and coalesce(entries.currency <> accounts.currency, true)
    )
    {%- else -%}
    false
    {%- endif %} as is_currency_wrong,
    entries.currency,
    accounts.currency as account_currency,
    entries.original::text as original,
    entries.is_original_uncounted,
    {% if block.reverses -%}
    (
        entries.original is not null
        and not entries.is_original_uncounted
        and coalesce(reversals.is_unmatched, false)
    )
    {%- else -%}
    false
    {%- endif %} as is_reversal_unmatched,
    {{ ledger_amount('reversals.excess_amount' if block.reverses else 'null') }}
        as reversal_excess_amount,
    {% if chained -%}
    chain.chain_fault is not null
    {%- else -%}
    false
    {%- endif %} as is_chain_broken,
    {{ 'chain.chain_fault' if chained else 'null::text' }} as chain_fault
from entries
left join {{ ledger_account_rows(ledger) }} as accounts
    on entries.account = accounts.account
{% for column, of in holds -%}
left join {{ ledger_hold_keys(ledger, of) }} as holds_{{ loop.index }}
    on entries.{{ column }} = holds_{{ loop.index }}.hold
{% endfor -%}
left join {{ ledger_repeats(ledger, block) }} as repeats
    on entries.entry = repeats.entry and entries.account = repeats.account
{% if block.reverses -%}
left join {{ ledger_reversals(ledger, block) }} as reversals
    on entries.entry = reversals.entry and entries.account = reversals.account
{% endif -%}
{% if chained -%}
left join {{ ledger_chain(ledger, block, chained) }} as chain
    on entries.entry = chain.entry and entries.account = chain.account
{% endif -%}
where entries.counts
)
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
