{#
    What explains that an account is off, in one row: amounts, and a sentence.

    Arguments:
        ledger: one of `ledgers()`.
        balance: one of its balances.
        off: the alias of a row with the account and its discrepancy_amount.
    Returns: a query of one row: certain_amount, unexplained_amount, candidate_count, explanation.
    Example: left join lateral ({{ ledger_explanation(ledger, balance, 'sums') }}) as why on true
#}
{% macro ledger_explanation(ledger, balance, off) -%}
{%- set unit = text_literal(ledger.words.unit) -%}
select
    certain_amount,
    unexplained_amount,
    candidate_count,
    case
        when whole_fault is not null then whole_fault
        else concat_ws(
            ', and ',
            case
                when certain_count > 3 then format(
                    'of %s causes, the largest being: %s', certain_count, certain_details[1]
                )
                else array_to_string(certain_details, ', and ')
            end,
            'of one or more of these, the evidence cannot tell which: '
            || array_to_string(possible_details[1:3], '; '),
            case
                when unexplained_amount <> 0 then concat_ws(
                    '; ',
                    'nothing on record says why' || case
                        when certain_details is null and possible_details is null then ''
                        else format(
                            ' of %s %s', {{ in_words('unexplained_amount') }}, {{ unit }}
                        )
                    end,
                    case
                        when candidate_count = 1 then format(
                            'entry %s is the only one%s of this size%s: it may %s, but the size'
                            ' alone cannot tell whether',
                            candidates[1],
                            case when is_counted and {{ off }}.entry_count = 1 then ', and' end,
                            -- Of those that do not count nobody knows how many there are.
                            case
                                when not is_counted then ' that does not count'
                                when {{ off }}.entry_count > 1
                                    then format(', of %s', {{ off }}.entry_count)
                            end,
                            candidate_words
                        )
                        when candidate_count > 1 then format(
                            'one of %s entries of this size%s may %s (newest %s); the size alone'
                            ' cannot tell which, or whether',
                            candidate_count,
                            case when not is_counted then ' that do not count' end,
                            candidate_words,
                            array_to_string(candidates[1:3], ', ')
                        )
                    end
                )
            end
        )
    end as explanation
from (
    select
        max(cause_amount) filter (where evidence_role = 'rest') as certain_amount,
        max(amount) filter (where evidence_role = 'rest') as unexplained_amount,
        max(detail) filter (where evidence_role = 'rest') as whole_fault,
        count(*) filter (where evidence_role = 'candidate') as candidate_count,
        count(*) filter (where evidence_role = 'explains') as certain_count,
        array_agg(
            detail order by abs(amount) desc, entity asc, cause asc
        ) filter (where evidence_role = 'explains') as certain_details,
        array_agg(
            detail order by abs(amount) desc, entity asc, cause asc
        ) filter (where evidence_role = 'may explain') as possible_details,
        array_agg(
            entity order by happened_at desc nulls last, entity desc
        ) filter (where evidence_role = 'candidate') as candidates,
        bool_and(tier = 4) filter (where evidence_role = 'candidate') as is_counted,
        string_agg(
            distinct case cause
                when 'entry that does not count' then 'be in the balance all the same'
                when 'entry counted twice' then 'have been counted twice'
                else 'be missing from the balance'
            end,
            ', or '
        ) filter (where evidence_role = 'candidate') as candidate_words
    from ({{ ledger_explained(ledger, balance, off) }}) as evidence
    where
        {{ off }}.balance = {{ balance.label }}
        and {{ off }}.has_row
        and {{ off }}.discrepancy_amount <> 0
        and {{ off }}.discrepancy_amount::numeric not in ('NaN', 'Infinity', '-Infinity')
) as told
{%- endmacro %}
