{{ config(enabled=contract_declares('ledger', 'ledgers.holds')) }}

{% for ledger, holds in ledger_parts('holds') %}
{% set fault -%}
case hold_rows.hold_fault
    when 'missing' then -hold_rows.hold_amount
    when 'repeated' then hold_rows.taken_amount - hold_rows.hold_amount
    when 'wrong amount' then hold_rows.taken_amount - hold_rows.hold_amount
    when 'given back beyond'
        then hold_rows.given_amount - greatest(hold_rows.taken_amount, 0)
    when 'kept' then hold_rows.has_amount
    when 'wrong refund' then hold_rows.given_amount - hold_rows.due_back_amount
    when 'not as owed' then hold_rows.has_amount - hold_rows.owed_amount
end
{%- endset %}
select
    {{ ledger.name }}::text as ledger,
    {{ holds.label_of }}::text as holds,
    hold_rows.tenant_id,
    hold_rows.hold::{{ ledger_type('hold') }} as hold,
    {{ text_literal(ledger.words.hold) }} as hold_word,
    {{ text_literal(ledger.words.unit) }} as unit,
    hold_rows.hold_label,
    hold_rows.account::{{ ledger_type('account') }} as account,
    coalesce(accounts.label, hold_rows.account::text) as account_label,
    concat_ws(
        ', ',
        hold_rows.hold_label,
        accounts.label,
        hold_rows.hold_status,
        to_char(hold_rows.held_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
    ) as hold_in_words,
    hold_rows.hold_status,
    {{ ledger_amount('hold_rows.hold_amount') }} as hold_amount,
    hold_rows.held_at,
    {% if ledger.epoch -%}
    coalesce(hold_rows.held_at < {{ ledger.epoch }}, false)
    {%- else -%}
    false
    {%- endif %} as is_before_epoch,
    hold_rows.entry_count,
    hold_rows.taking_count,
    {{ ledger_amount('hold_rows.taken_amount') }} as taken_amount,
    hold_rows.first_taken_at,
    {{ ledger_amount('hold_rows.given_amount') }} as given_amount,
    hold_rows.first_given_at,
    {{ ledger_amount('hold_rows.due_back_amount') }} as due_back_amount,
    {{ ledger_amount('hold_rows.owed_amount') }} as owed_amount,
    {{ ledger_amount('hold_rows.has_amount') }} as has_amount,
    hold_rows.hold_fault,
    coalesce(hold_rows.hold_fault = 'missing', false) as is_missing,
    {% if ledger.epoch -%}
    coalesce(
        hold_rows.hold_fault = 'missing'
        and (hold_rows.held_at < {{ ledger.epoch }}) is not true,
        false
    )
    {%- else -%}
    false
    {%- endif %} as is_new_orphan,
    coalesce(hold_rows.hold_fault = 'repeated', false) as is_repeated,
    coalesce(hold_rows.hold_fault = 'wrong amount', false) as is_amount_wrong,
    coalesce(hold_rows.hold_fault = 'given back beyond', false) as is_given_back_beyond,
    coalesce(hold_rows.hold_fault = 'kept', false) as is_kept,
    coalesce(hold_rows.hold_fault = 'wrong refund', false) as is_refund_wrong,
    coalesce(hold_rows.hold_fault = 'not as owed', false) as is_not_as_owed,
    coalesce(
        hold_rows.first_given_at < hold_rows.first_taken_at
        {%- if holds.has_at %}
        or (
            hold_rows.giving_count > 0
            and hold_rows.taking_count = 0
            and hold_rows.held_at is null
        )
        {%- endif %},
        false
    ) as is_given_back_early,
    {{ ledger_amount(fault) }} as fault_amount
from {{ ledger_hold_rows(ledger, holds) }} as hold_rows
left join {{ ledger_account_rows(ledger) }} as accounts
    on hold_rows.account = accounts.account
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
