{{ config(enabled=contract_declares('capacity')) }}

-- After `lateral` sqlfluff 4.4 indents as if that were a table's name.
-- noqa: disable=layout.indent

{#
    An anomaly is worth its tokens only IF the stored balance did not follow the ledger
    there, and whether it did is not on record. So every set of a competition's anomalies is
    tried, and the sets that leave the least unexplained are kept, less those that hold
    another such set: what they add cancels out, and proves nothing. What all sets kept hold
    explains the discrepancy, what only some hold may explain it.
    Beyond this many anomalies the sets are too many to try. A writer that fails so often
    fails in the same way: the anomalies of a cause are then taken or left together.
#}
{% set most_anomalies = 12 %}

with

competitions as (
    select * from {{ ref('competition_balance') }}
),

capacity_anomalies as (
    select * from {{ ref('capacity_anomalies') }}
),

final as (
    select
        competitions.tenant_id,
        competitions.competition_id,
        competitions.competition_name,
        competitions.discrepancy_tokens,
        explained.cause,
        explained.entity_type,
        explained.entity_id,
        explained.tokens,
        explained.evidence_role,
        explained.cause_tokens,
        explained.unexplained_tokens,
        explained.detail
    from competitions
    cross join lateral (
        with

        anomalies as (
            select
                capacity_anomalies.*,
                row_number() over (
                    order by
                        abs(capacity_anomalies.tokens) desc,
                        capacity_anomalies.cause asc,
                        capacity_anomalies.entity_id asc
                ) as rank,
                dense_rank() over (
                    order by capacity_anomalies.cause asc
                ) as cause_rank,
                count(*) over () as anomaly_count
            from capacity_anomalies
            where
                competitions.discrepancy_tokens <> 0
                and capacity_anomalies.competition_id = competitions.competition_id
        ),

        -- What is taken or left together has one bit.
        bits as (
            select
                cause,
                rank,
                tokens,
                case
                    when anomaly_count > {{ most_anomalies }} then cause_rank
                    else rank
                end::int - 1 as place
            from anomalies
        ),

        -- Each number stands for the set of the anomalies whose bit is 1 in it.
        sets as (
            select
                numbers.number,
                bits.cause,
                bits.rank,
                bits.tokens,
                ((numbers.number >> bits.place) & 1 = 1) as is_in_set
            from bits
            cross join lateral generate_series(
                0, (2 << (select max(placed.place) from bits as placed)) - 1
            ) as numbers (number)
        ),

        rests as (
            select
                sets.number,
                competitions.discrepancy_tokens - coalesce(
                    sum(sets.tokens) filter (where sets.is_in_set), 0
                )::bigint as rest_tokens
            from sets
            group by sets.number
        ),

        nearest as (
            select
                number,
                rest_tokens
            from rests
            where
                abs(rest_tokens) = (
                    select min(abs(tried.rest_tokens)) from rests as tried
                )
        ),

        best as (
            select
                nearest.number,
                nearest.rest_tokens
            from nearest
            where
                not exists (
                    select true
                    from nearest as smaller
                    where
                        smaller.number <> nearest.number
                        and smaller.number & nearest.number = smaller.number
                )
        ),

        best_sets as (
            select sets.*
            from sets
            inner join best on sets.number = best.number
        ),

        tokens_by_cause_and_set as (
            select
                cause,
                number,
                coalesce(sum(tokens) filter (where is_in_set), 0)::bigint as tokens
            from best_sets
            group by cause, number
        ),

        -- A cause is certain of what every best set gives it, whichever rows that is.
        tokens_by_cause as (
            select
                cause,
                case
                    when min(tokens) = max(tokens) then min(tokens)
                    else 0
                end as tokens
            from tokens_by_cause_and_set
            group by cause
        ),

        roles as (
            select
                rank,
                case
                    when bool_and(is_in_set) then 'explains'
                    when bool_or(is_in_set) then 'may explain'
                    else 'does not explain'
                end as evidence_role
            from best_sets
            group by rank
        )

        select
            anomalies.cause,
            anomalies.entity_type,
            anomalies.entity_id,
            anomalies.tokens,
            roles.evidence_role,
            tokens_by_cause.tokens as cause_tokens,
            -- Two best sets may miss by as much on either side: one rest, not two.
            (select min(best.rest_tokens) from best) as unexplained_tokens,
            anomalies.detail
        from anomalies
        inner join tokens_by_cause on anomalies.cause = tokens_by_cause.cause
        inner join roles on anomalies.rank = roles.rank
    ) as explained
)

select * from final
