{{ config(enabled=contract_declares('capacity')) }}

-- After `lateral` sqlfluff 4.4 indents as if that were a table's name.
-- noqa: disable=layout.indent

{% set causes = [
    'legacy_missing_approval',
    'new_missing_approval',
    'repeated_approval',
    'wrong_approval_amount',
    'wrong_refund',
    'released_reservation',
    'entry_of_another_competition',
    'entry_without_reservation',
    'entry_of_unknown_reason',
] %}

with

competitions as (
    select * from {{ ref('competition_balance') }}
),

findings_explained as (
    select * from {{ ref('capacity_findings_explained') }}
),

reservations as (
    select * from {{ ref('stg_reservations') }}
),

-- Not materialized though used more than once: a key looked for must reach the tables.
ledger as not materialized (
    select * from {{ ref('stg_capacity_ledger') }}
),

holding_reservations as not materialized (
    select * from reservations
    where
        status in ({{ capacity_statuses('holding') }})
        -- Of nothing known, a refund must not make room for others.
        and spaces_confirmed is not null
),

confirmed_by_competition as (
    select
        competition_id,
        sum(spaces_confirmed)::bigint as confirmed_tokens
    from holding_reservations
    group by competition_id
),

refunded_by_competition as (
    select
        holding_reservations.competition_id,
        sum(ledger.change_tokens)::bigint as refunded_tokens
    from holding_reservations
    inner join ledger
        on holding_reservations.reservation_id = ledger.reservation_id
    where ledger.reason in ({{ capacity_reasons('refunds') }})
    group by holding_reservations.competition_id
),

-- Entries of one instant count together: their order is not on record.
running_by_entry as (
    select
        competition_id,
        sum(change_tokens) over instants as ledger_tokens,
        sum(change_tokens) filter (
            where
            not coalesce(
                reason in ({{ capacity_reasons('adjustment') }}) and change_tokens > 0,
                false
            )
        ) over instants as ledger_tokens_less_additions
    from ledger
    window instants as (partition by competition_id order by created_at)
),

extremes_by_competition as (
    select
        competition_id,
        min(ledger_tokens)::bigint as lowest_ledger_tokens,
        max(ledger_tokens_less_additions)::bigint as highest_excess_tokens
    from running_by_entry
    group by competition_id
),

reconciled as (
    select
        competitions.*,
        coalesce(confirmed_by_competition.confirmed_tokens, 0)
        - coalesce(refunded_by_competition.refunded_tokens, 0) as held_tokens,
        competitions.total_tokens
        + least(
            coalesce(extremes_by_competition.lowest_ledger_tokens, 0), 0
        ) as lowest_balance_tokens,
        greatest(
            coalesce(extremes_by_competition.highest_excess_tokens, 0), 0
        ) as highest_excess_tokens
    from competitions
    left join confirmed_by_competition
        on competitions.competition_id = confirmed_by_competition.competition_id
    left join refunded_by_competition
        on competitions.competition_id = refunded_by_competition.competition_id
    left join extremes_by_competition
        on competitions.competition_id = extremes_by_competition.competition_id
),

-- Only for a competition that is off: for the others nothing of it is ever run.
explained as (
    select
        reconciled.*,
        {% for cause in causes -%}
        coalesce(explanation.{{ cause }}_tokens, 0) as {{ cause }}_tokens,
        {% endfor -%}
        case
            when reconciled.discrepancy_tokens = 0 then 0
            else coalesce(
                explanation.unexplained_tokens, reconciled.discrepancy_tokens
            )
        end as unexplained_tokens,
        explanation.certain_count,
        explanation.certain_details,
        explanation.possible_details
    from reconciled
    left join lateral (
        select
            {% for cause in causes -%}
            max(findings_explained.cause_tokens) filter (
                where findings_explained.cause = '{{ cause }}'
            ) as {{ cause }}_tokens,
            {% endfor -%}
            max(findings_explained.unexplained_tokens) as unexplained_tokens,
            count(*) filter (
                where findings_explained.evidence_role = 'explains'
            ) as certain_count,
            array_agg(
                findings_explained.detail
                order by
                    abs(findings_explained.tokens) desc,
                    findings_explained.entity_id asc,
                    findings_explained.cause asc
            ) filter (
                where findings_explained.evidence_role = 'explains'
            ) as certain_details,
            array_agg(
                findings_explained.detail
                order by
                    abs(findings_explained.tokens) desc,
                    findings_explained.entity_id asc,
                    findings_explained.cause asc
            ) filter (
                where findings_explained.evidence_role = 'may explain'
            ) as possible_details
        from findings_explained
        where
            reconciled.discrepancy_tokens <> 0
            and findings_explained.competition_id = reconciled.competition_id
    ) as explanation on true
),

final as (
    select
        tenant_id,
        competition_id,
        competition_name,
        total_tokens,
        available_tokens,
        ledger_entry_count,
        ledger_tokens,
        expected_available_tokens,
        discrepancy_tokens,
        abs(discrepancy_tokens) as absolute_discrepancy_tokens,
        wrong_sign_discrepancy_tokens,
        {% for cause in causes -%}
        {{ cause }}_tokens,
        {% endfor -%}
        coalesce(
            discrepancy_tokens
            {% for cause in causes -%}
            - {{ cause }}_tokens
            {% endfor -%}
            - unexplained_tokens,
            0
        ) as ambiguous_tokens,
        unexplained_tokens,
        case
            when discrepancy_tokens is null
                then 'its total or its available tokens are null'
            when discrepancy_tokens = 0
                then 'balance and ledger agree'
            when certain_details is null and possible_details is null
                then 'balance and ledger disagree, and nothing on record says why'
            else concat_ws(
                ', and ',
                case
                    when certain_count > 3
                        then format(
                            'of %s causes, the largest being: %s',
                            certain_count,
                            certain_details[1]
                        )
                    else array_to_string(certain_details, ', and ')
                end,
                'of one or more of these, the evidence cannot tell which: '
                || array_to_string(possible_details[1:3], '; ')
            )
        end as explanation,
        held_tokens,
        adjusted_tokens,
        lowest_balance_tokens,
        highest_excess_tokens,
        coalesce(
            lowest_balance_tokens < 0 or highest_excess_tokens > 0, false
        ) as is_running_balance_out_of_range,
        case
            when highest_excess_tokens > -least(lowest_balance_tokens, 0)
                then highest_excess_tokens
            else least(lowest_balance_tokens, 0)
        end as out_of_range_tokens,
        coalesce(
            held_tokens > total_tokens + adjusted_tokens or available_tokens < 0, false
        ) as is_oversold,
        least(
            total_tokens + adjusted_tokens - held_tokens, available_tokens, 0
        ) as oversold_tokens
    from explained
)

select * from final
