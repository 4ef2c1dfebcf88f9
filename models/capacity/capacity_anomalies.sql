{{ config(enabled=contract_declares('capacity')) }}

-- After `lateral` sqlfluff 4.4 indents as if that were a table's name.
-- noqa: disable=layout.indent

with

competitions as (
    select * from {{ ref('competition_balance') }}
),

-- Not materialized though used more than once: a key looked for must reach the tables.
reservations as not materialized (
    select * from {{ ref('stg_reservations') }}
),

reservation_capacity as (
    select * from {{ ref('reservation_capacity') }}
),

ledger as not materialized (
    select * from {{ ref('stg_capacity_ledger') }}
),

discrepancies as not materialized (
    select
        tenant_id,
        competition_id
    from competitions
    where discrepancy_tokens <> 0
),

-- One reservation at a time, by its key: few competitions are ever off. The offset
-- keeps Postgres from turning that into an aggregate over all of them.
facts as (
    select
        reservation.*,
        discrepancies.tenant_id as off_tenant_id,
        discrepancies.competition_id as off_competition_id,
        unaccountable.ledger_tokens as unaccountable_tokens,
        coalesce(
            to_char(
                reservation.approved_at at time zone 'UTC',
                'YYYY-MM-DD HH24:MI:SS "UTC"'
            ),
            'at an unknown time'
        ) as approved_in_words
    from discrepancies
    inner join reservations
        on discrepancies.competition_id = reservations.competition_id
    cross join lateral (
        select reservation_capacity.*
        from reservation_capacity
        where reservation_capacity.reservation_id = reservations.reservation_id
        offset 0  -- noqa: ambiguous.order_by_limit
    ) as reservation
    cross join lateral (
        select coalesce(sum(ledger.change_tokens), 0)::bigint as ledger_tokens
        from ledger
        where
            ledger.reservation_id = reservations.reservation_id
            and not coalesce(
                ledger.reason in (
                    {{ capacity_reasons('approval') }},
                    {{ capacity_reasons('refunds') }},
                    {{ capacity_reasons('adjustment') }}
                ),
                false
            )
    ) as unaccountable
),

anomalous_reservations as (
    select
        facts.off_tenant_id as tenant_id,
        -- Not the reservation's own: Postgres would look every one up to compare it.
        facts.off_competition_id as competition_id,
        anomaly.cause,
        'reservation' as entity_type,
        facts.reservation_id as entity_id,
        anomaly.tokens,
        anomaly.detail
    from facts
    cross join lateral (
        values
        (
            'legacy_missing_approval',
            facts.is_approval_missing and facts.is_approved_before_epoch,
            -facts.spaces_confirmed,
            format(
                'reservation %s has no ledger entry (%s, %s spaces, approved %s, before'
                ' the ledger''s epoch: legacy)',
                facts.reservation_id,
                coalesce(facts.studio_name, 'unknown studio'),
                facts.spaces_confirmed,
                facts.approved_in_words
            )
        ),
        (
            'new_missing_approval',
            facts.is_new_orphan_approval,
            -facts.spaces_confirmed,
            format(
                'reservation %s has no ledger entry (%s, %s spaces, approved %s, not'
                ' before the ledger''s epoch: new)',
                facts.reservation_id,
                coalesce(facts.studio_name, 'unknown studio'),
                facts.spaces_confirmed,
                facts.approved_in_words
            )
        ),
        (
            'repeated_approval',
            facts.is_approval_repeated and not facts.is_released,
            facts.deducted_tokens - facts.spaces_confirmed,
            format(
                'reservation %s has %s approval entries (%s tokens for %s spaces)',
                facts.reservation_id,
                facts.approval_entry_count,
                facts.deducted_tokens,
                facts.spaces_confirmed
            )
        ),
        (
            'wrong_approval_amount',
            facts.is_approval_amount_wrong and not facts.is_released,
            facts.deducted_tokens - facts.spaces_confirmed,
            format(
                'reservation %s was deducted %s tokens for %s spaces',
                facts.reservation_id,
                facts.deducted_tokens,
                facts.spaces_confirmed
            )
        ),
        (
            'wrong_refund',
            facts.holds_capacity
            and facts.spaces_confirmed is not null
            and facts.refunded_tokens <> coalesce(facts.expected_refund_tokens, 0),
            coalesce(facts.expected_refund_tokens, 0) - facts.refunded_tokens,
            format(
                'reservation %s was refunded %s tokens instead of %s',
                facts.reservation_id,
                facts.refunded_tokens,
                coalesce(facts.expected_refund_tokens, 0)
            )
        ),
        (
            'released_reservation',
            facts.is_holding_while_released,
            -- Less its entries of unknown reason, which are anomalies of their own.
            facts.unaccountable_tokens - facts.ledger_tokens,
            format(
                'reservation %s is %s, and the ledger has %s tokens for it',
                facts.reservation_id,
                facts.status,
                facts.ledger_tokens
            )
        )
    ) as anomaly (cause, is_there, tokens, detail)
    where anomaly.is_there
),

entries as (
    select
        ledger.ledger_entry_id,
        ledger.competition_id,
        ledger.reservation_id,
        ledger.change_tokens,
        ledger.reason,
        reservations.reservation_id as known_reservation_id,
        coalesce(
            reservations.competition_id <> ledger.competition_id, false
        ) as is_of_another_competition,
        coalesce(
            ledger.reason in (
                {{ capacity_reasons('approval') }},
                {{ capacity_reasons('refunds') }}
            ),
            false
        ) as needs_reservation,
        coalesce(
            ledger.reason in (
                {{ capacity_reasons('approval') }},
                {{ capacity_reasons('refunds') }},
                {{ capacity_reasons('adjustment') }}
            ),
            false
        ) as has_known_reason
    from ledger
    left join reservations on ledger.reservation_id = reservations.reservation_id
),

anomalous_entries as (
    select
        discrepancies.tenant_id,
        discrepancies.competition_id,
        case
            when entries.is_of_another_competition then 'entry_of_another_competition'
            when entries.known_reservation_id is null
                and (entries.needs_reservation or entries.reservation_id is not null)
                then 'entry_without_reservation'
            else 'entry_of_unknown_reason'
        end as cause,
        'ledger entry' as entity_type,
        entries.ledger_entry_id as entity_id,
        -entries.change_tokens::bigint as tokens,
        case
            when entries.is_of_another_competition
                then format(
                    'ledger entry %s (%s tokens) is booked here, its reservation %s is'
                    ' for another competition',
                    entries.ledger_entry_id,
                    entries.change_tokens,
                    entries.reservation_id
                )
            when entries.known_reservation_id is null
                and (entries.needs_reservation or entries.reservation_id is not null)
                then format(
                    'ledger entry %s (%s, %s tokens) belongs to no reservation',
                    entries.ledger_entry_id,
                    coalesce(entries.reason, 'no reason'),
                    entries.change_tokens
                )
            else format(
                'ledger entry %s (%s tokens) has the unknown reason %s',
                entries.ledger_entry_id,
                entries.change_tokens,
                coalesce(entries.reason, 'null')
            )
        end as detail
    from discrepancies
    inner join entries on discrepancies.competition_id = entries.competition_id
    where
        entries.is_of_another_competition
        or not entries.has_known_reason
        or (
            entries.known_reservation_id is null
            and (entries.needs_reservation or entries.reservation_id is not null)
        )
),

entries_booked_elsewhere as (
    select
        discrepancies.tenant_id,
        discrepancies.competition_id,
        'entry_of_another_competition' as cause,
        'ledger entry' as entity_type,
        ledger.ledger_entry_id as entity_id,
        ledger.change_tokens::bigint as tokens,
        format(
            'ledger entry %s (%s tokens) of reservation %s is booked on another'
            ' competition',
            ledger.ledger_entry_id,
            ledger.change_tokens,
            ledger.reservation_id
        ) as detail
    from discrepancies
    inner join reservations
        on discrepancies.competition_id = reservations.competition_id
    inner join ledger on reservations.reservation_id = ledger.reservation_id
    where ledger.competition_id <> reservations.competition_id
),

final as (
    select * from anomalous_reservations
    union all
    select * from anomalous_entries
    union all
    select * from entries_booked_elsewhere
)

select * from final
where tokens <> 0
