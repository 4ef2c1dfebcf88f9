{#
    The holds of one kind, with what their entries come to, what they owe, and what is wrong.

    Arguments:
        ledger: one of `ledgers()`.
        holds: one of its holds.
        account: of which account, as an SQL expression; then each hold is looked up by its key.
            All holds, if not given: then all entries are aggregated once.
    Returns: a subquery, a row for a hold.
    Example: from {{ ledger_hold_rows(ledger, holds) }} as hold_rows
#}
{% macro ledger_hold_rows(ledger, holds, account=none) -%}
{%- set type = ledger_balance(ledger, holds.balance).type -%}
{%- set reasons = ledger.reasons -%}
(
    select
        *,
        {{ computed_once() }},
        case
            when not is_listed then null
            when not is_released and hold_amount <> 0 and taking_count = 0 then 'missing'
            when taking_count > 1 and taken_amount > hold_amount then 'repeated'
            when taking_count = 1 and taken_amount <> hold_amount then 'wrong amount'
            when given_amount > greatest(taken_amount, 0) then 'given back beyond'
            when is_released and has_amount <> 0 then 'kept'
            when taking_count > 0 and given_amount <> due_back_amount then 'wrong refund'
            when has_amount <> owed_amount then 'not as owed'
        end as hold_fault
    from (
        select
            counterfoil_hold.*,
            {{ computed_once() }}_of_counts,
            coalesce(totals.entry_count, 0) as entry_count,
            coalesce(totals.has_amount, 0) as has_amount,
            coalesce(totals.unknown_amount, 0) as unknown_amount,
            {%- if reasons.takes or reasons.gives %}
            coalesce(totals.taking_count, 0) as taking_count,
            coalesce(counterfoil_hold.direction * totals.taking_amount, 0) as taken_amount,
            totals.first_taken_at,
            coalesce(totals.giving_count, 0) as giving_count,
            coalesce(-counterfoil_hold.direction * totals.giving_amount, 0) as given_amount,
            totals.first_given_at,
            {%- else %}
            coalesce(case counterfoil_hold.direction
                when 1 then totals.positive_count
                when -1 then totals.negative_count
            end, 0) as taking_count,
            coalesce(case counterfoil_hold.direction
                when 1 then totals.positive_amount
                when -1 then -totals.negative_amount
            end, 0) as taken_amount,
            case counterfoil_hold.direction
                when 1 then totals.first_positive_at
                when -1 then totals.first_negative_at
            end as first_taken_at,
            coalesce(case counterfoil_hold.direction
                when 1 then totals.negative_count
                when -1 then totals.positive_count
            end, 0) as giving_count,
            coalesce(case counterfoil_hold.direction
                when 1 then -totals.negative_amount
                when -1 then totals.positive_amount
            end, 0) as given_amount,
            case counterfoil_hold.direction
                when 1 then totals.first_negative_at
                when -1 then totals.first_positive_at
            end as first_given_at,
            {%- endif %}
            counterfoil_hold.hold_amount
            - counterfoil_hold.direction * counterfoil_hold.owed_amount as due_back_amount
        from {{ ledger_hold_keys(ledger, holds) }} as counterfoil_hold
        left join {{ 'lateral' if account }} (
            select
                {% if not account %}hold,{% endif %}
                count(*) as entry_count,
                sum(amount)::{{ type }} as has_amount,
                {%- if reasons.takes or reasons.gives %}
                (sum(amount) filter (where is_unknown))::{{ type }} as unknown_amount,
                count(*) filter (where is_taking) as taking_count,
                (sum(amount) filter (where is_taking))::{{ type }} as taking_amount,
                min(happened_at) filter (where is_taking) as first_taken_at,
                count(*) filter (where is_giving) as giving_count,
                (sum(amount) filter (where is_giving))::{{ type }} as giving_amount,
                min(happened_at) filter (where is_giving) as first_given_at
                {%- else %}
                0::{{ type }} as unknown_amount,
                count(*) filter (where amount > 0) as positive_count,
                (sum(amount) filter (where amount > 0))::{{ type }} as positive_amount,
                min(happened_at) filter (where amount > 0) as first_positive_at,
                count(*) filter (where amount < 0) as negative_count,
                (sum(amount) filter (where amount < 0))::{{ type }} as negative_amount,
                min(happened_at) filter (where amount < 0) as first_negative_at
                {%- endif %}
            from (
                {{ ledger_facts_of_holds(ledger, holds, account) }}
            ) as facts
            {%- if not account %}
            group by hold
            {%- endif %}
        ) as totals on {{ 'true' if account else 'counterfoil_hold.hold = totals.hold' }}
        where
            counterfoil_hold.is_audited
            {%- if account %} and counterfoil_hold.account = {{ account }}{% endif %}
    ) as counted
)
{%- endmacro %}
