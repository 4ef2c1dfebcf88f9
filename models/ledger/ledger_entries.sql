{{ config(enabled=contract_declares('ledger', 'ledgers.entries')) }}

{% for ledger, block in ledger_parts('blocks') %}
{% set reasons = ledger.reasons %}
{% set holds = ledger_named_holds(ledger, block) %}
{% set hold = [] %}
{% for column, of in holds %}
    {% do hold.append('judged.' ~ column ~ '::text') %}
{% endfor %}
{% set direction = 'coalesce(' ~ coalesced('holds', holds, 'direction') ~ ', -1)' %}
{% set chained = block.running and ledger_balance(ledger, block.running.balance) %}
select
    {{ ledger.name }}::text as ledger,
    {{ block.name }}::text as entries,
    coalesce(judged.tenant_id, accounts.tenant_id) as tenant_id,
    judged.entry::{{ ledger_type('entry') }} as entry,
    judged.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, judged.account::text) as account_label,
    {{ text_literal(ledger.words.account) }} as account_word,
    {{ text_literal(ledger.words.hold) }} as hold_word,
    {{ text_literal(ledger.words.unit) }} as unit,
    {{ 'coalesce(' ~ hold | join(', ') ~ ')' if hold else 'null::text' }} as hold,
    {{ coalesced('holds', holds, 'account') if holds else 'null' }}::text as hold_account,
    judged.own_amount::{{ ledger_type('amount') }} as change_amount,
    judged.reason,
    judged.happened_at as created_at,
    repeats.previous_like_it_at,
    (
        {% if hold -%}
        judged.needs_hold and coalesce({{ hold | join(', ') }}) is null
        {%- else -%}
        false
        {%- endif %}
    ) as is_hold_unset,
    (
        {% for column, of in holds if of.account -%}
        (
            holds_{{ column[5:] }}.hold is not null
            and holds_{{ column[5:] }}.account is distinct from judged.account
        )
        or {% endfor -%}
        false
    ) as is_of_another_account,
    {% if reasons.all and block.has_reason -%}
    coalesce(
        judged.own_amount = 0
        or judged.reason not in {{ reasons.all }}
        {%- if reasons.takes %}
        or (
            judged.reason in {{ reasons.takes }}
            and sign(judged.own_amount) <> {{ direction }}
        )
        {%- endif %}
        {%- if reasons.gives %}
        or (
            judged.reason in {{ reasons.gives }}
            and sign(judged.own_amount) = {{ direction }}
        )
        {%- endif %},
        true
    )
    {%- else -%}
    false
    {%- endif %} as is_reason_or_sign_wrong,
    {% if block.has_at -%}
    coalesce(
        judged.happened_at > {{ as_of() }}
        or (accounts.is_audited and judged.happened_at < accounts.created_at)
        {%- for column, of in holds %}
        or judged.happened_at < holds_{{ loop.index }}.created_at
        {%- endfor %},
        judged.happened_at is null
    )
    {%- else -%}
    false
    {%- endif %} as is_time_implausible,
    coalesce(repeats.is_rapid, false) as is_rapid_repeat,
    {% if ledger.freezes and block.has_reason and reasons.adjusts -%}
    coalesce(
        judged.reason in {{ reasons.adjusts }}
        and (
            {%- for freeze in ledger.freezes %}
            (judged.happened_at >= {{ freeze['from'] }} and judged.happened_at < {{ freeze['until'] }})
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
        and coalesce(judged.currency <> accounts.currency, true)
    )
    {%- else -%}
    false
    {%- endif %} as is_currency_wrong,
    judged.currency,
    {{ 'accounts.currency' if ledger.accounts.has_currency else 'null::text' }} as account_currency,
    judged.original::text as original,
    judged.is_original_uncounted,
    {% if block.reverses -%}
    (
        judged.original is not null
        and not judged.is_original_uncounted
        and coalesce(reversals.is_unmatched, false)
    )
    {%- else -%}
    false
    {%- endif %} as is_reversal_unmatched,
    {% if chained -%}
    coalesce(chain.is_broken, false)
    {%- else -%}
    false
    {%- endif %} as is_chain_broken,
    {{ 'chain.chain_fault' if chained else 'null::text' }} as chain_fault
from {{ ledger_entry_rows(ledger, block) }} as judged
left join {{ ledger_account_rows(ledger) }} as accounts on judged.account = accounts.account
{% for column, of in holds -%}
left join {{ ledger_hold_keys(ledger, of) }} as holds_{{ loop.index }}
    on judged.{{ column }} = holds_{{ loop.index }}.hold
{% endfor -%}
left join {{ ledger_repeats(ledger, block) }} as repeats
    on judged.entry = repeats.entry and judged.account = repeats.account
{% if block.reverses -%}
left join {{ ledger_reversals(ledger, block) }} as reversals
    on judged.entry = reversals.entry and judged.account = reversals.account
{% endif -%}
{% if chained -%}
left join {{ ledger_chain(ledger, block, chained) }} as chain
    on judged.entry = chain.entry and judged.account = chain.account
{% endif -%}
where judged.counts
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
