{{ config(enabled=contract_declares('ledger')) }}

-- noqa: disable=layout.indent

{% for ledger in ledgers() %}
{# A join for each balance: Postgres drops those of which nobody asks. #}
{% set timed = ledger.balances | selectattr('at_all_times') | list %}
{% set lowest = coalesced('running', timed, 'lowest') %}
{% set highest = coalesced('running', timed, 'highest') %}
{% set stored = ledger.balances | selectattr('stored') %}
{# So it is of what explains a discrepancy. #}
{% set explained = stored | selectattr('has_terms') | list %}
{% set certain = coalesced('why', explained, 'certain_amount') %}
{% set unexplained = coalesced('why', explained, 'unexplained_amount') %}
{% set explanation = coalesced('why', explained, 'explanation') %}
select
    {{ ledger.name }}::text as ledger,
    sums.balance::text as balance,
    sums.tenant_id,
    sums.account::{{ ledger_type('account') }} as account,
    sums.account_label,
    {{ text_literal(ledger.words.account) }} as account_word,
    {{ text_literal(ledger.words.unit) }} as unit,
    {{ ledger_amount('sums.opening_amount') }} as opening_amount,
    sums.has_stored as is_stored,
    {{ ledger_amount('sums.stored_amount') }} as stored_amount,
    sums.entry_count,
    {{ ledger_amount('sums.entries_amount') }} as entries_amount,
    {{ ledger_amount('sums.expected_amount') }} as expected_amount,
    {{ ledger_amount('sums.discrepancy_amount') }} as discrepancy_amount,
    case
        when sums.has_terms then {{ ledger_amount('sums.wrong_sign_discrepancy_amount') }}
    end as wrong_sign_discrepancy_amount,
    {{ in_words('sums.min_amount') }} as min_amount,
    {{ in_words('sums.max_amount') }} as max_amount,
    {{ ledger_range('sums.min_amount', 'sums.raised_max_amount') }} as range_in_words,
    {{ ledger_amount('coalesce(' ~ certain ~ ', 0)') }} as certain_amount,
    {{ ledger_amount(
        'coalesce(sums.discrepancy_amount - ' ~ certain ~ ' - ' ~ unexplained ~ ', 0)'
    ) }} as ambiguous_amount,
    {{ ledger_amount('coalesce(' ~ unexplained ~ ', sums.discrepancy_amount)') }}
        as unexplained_amount,
    coalesce(
        {{ coalesced('why', explained, 'candidate_count') }}, 0
    )::bigint as candidate_count,
    case
        when not sums.has_row
            then 'there is no such ' || {{ text_literal(ledger.words.account) }}
        when not sums.has_stored then 'nothing is stored'
        when sums.stored_amount is null then 'the stored balance is null'
        when sums.lacks_opening
            then 'its opening is not on record, so nothing is said of it'
        when sums.opening_amount is null then 'its opening is null'
        when sums.discrepancy_amount = 0 then 'balance and entries agree'
        when not sums.has_terms then 'the two columns differ'
        else coalesce({{ explanation }}, 'the stored balance is not a finite number')
    end as explanation,
    {{ in_words('sums.opening_amount + ' ~ lowest) }} as lowest_amount,
    {{ in_words('sums.opening_amount + ' ~ highest) }} as highest_amount,
    coalesce(
        sums.has_row and sums.has_stored
        and (sums.stored_amount is null or not sums.lacks_opening)
        and (
            sums.discrepancy_amount is null
            or abs(sums.discrepancy_amount) > sums.tolerance_amount
        ),
        false
    ) as is_off,
    coalesce(
        sums.has_row and sums.has_stored
        and (sums.stored_amount is null or not sums.lacks_opening)
        and (sums.discrepancy_amount is null or sums.discrepancy_amount <> 0),
        false
    ) as is_off_at_all,
    not sums.has_row as is_account_missing,
    case when not sums.has_row then {{ ledger_amount('sums.entries_amount') }} end
        as missing_account_amount,
    coalesce(bounds.excess_amount <> 0, sums.has_several_bounds) as is_out_of_range,
    {{ in_words('bounds.excess_amount') }} as excess_amount,
    coalesce(
        sums.has_row and (
            sums.opening_amount + {{ lowest }} < sums.min_amount
            or sums.opening_amount + {{ highest }} > sums.max_amount
        ),
        false
    ) as was_out_of_range,
    case
        when not sums.has_row then null
        when
            sums.opening_amount + {{ highest }} - sums.max_amount
            > greatest(sums.min_amount - sums.opening_amount - {{ lowest }}, 0)
            then {{ in_words('sums.opening_amount + ' ~ highest ~ ' - sums.max_amount') }}
        when sums.opening_amount + {{ lowest }} < sums.min_amount
            then {{ in_words('sums.opening_amount + ' ~ lowest ~ ' - sums.min_amount') }}
    end as past_excess_amount,
    -- A balance that is called what it counts needs no name besides.
    concat_ws(
        ', ',
        {{ ledger.name }},
        nullif(sums.balance, {{ text_literal(ledger.words.unit) }})
    ) as balance_in_words
from {{ ledger_sums(ledger) }} as sums
cross join lateral (
    select
        case
            when not sums.has_row then null
            when bounded.amount < sums.min_amount then bounded.amount - sums.min_amount
            when bounded.amount > sums.raised_max_amount
                then bounded.amount - sums.raised_max_amount
        end as excess_amount
    from (
        select
            case
                when sums.has_stored then sums.stored_amount
                else sums.expected_amount
            end as amount
    ) as bounded
) as bounds
{% for balance in timed -%}
left join {{ ledger_running(ledger, balance) }} as running_{{ loop.index }}
    on
        sums.account = running_{{ loop.index }}.account
        and sums.balance = {{ balance.label }}
{% endfor -%}
{% for balance in explained -%}
left join lateral (
    select *
    from ({{ ledger_explanation(ledger, balance, 'sums') }}) as of_balance
) as why_{{ loop.index }} on sums.balance = {{ balance.label }}
{% endfor -%}
where sums.is_audited or (not sums.has_row and sums.entries_amount <> 0)
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
