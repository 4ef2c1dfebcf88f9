{{ config(enabled=contract_declares('capacity')) }}

with

reservations as (
    select * from {{ ref('stg_reservations') }}
),

competitions as (
    select * from {{ ref('stg_competitions') }}
),

studios as (
    select * from {{ ref('stg_studios') }}
),

ledger as (
    select * from {{ ref('stg_capacity_ledger') }}
),

entries as (
    select * from {{ ref('stg_competition_entries') }}
),

ledger_by_reservation as (
    select
        reservation_id,
        count(*) as ledger_entry_count,
        count(*) filter (
            where reason in ({{ capacity_reasons('approval') }})
        ) as approval_entry_count,
        sum(-change_tokens) filter (
            where reason in ({{ capacity_reasons('approval') }})
        ) as deducted_tokens,
        sum(change_tokens) filter (
            where reason in ({{ capacity_reasons('refunds') }})
        ) as refunded_tokens,
        sum(change_tokens) as ledger_tokens
    from ledger
    group by reservation_id
),

entries_by_reservation as (
    select
        reservation_id,
        count(*) as entry_count
    from entries
    where status is distinct from 'cancelled'
    group by reservation_id
),

reconciled as (
    select
        reservations.tenant_id,
        reservations.reservation_id,
        reservations.competition_id,
        competitions.competition_name,
        reservations.studio_id,
        studios.studio_name,
        reservations.status,
        coalesce(
            reservations.status in ({{ capacity_statuses('holding') }}), false
        ) as holds_capacity,
        reservations.spaces_confirmed,
        reservations.approved_at,
        coalesce(
            reservations.approved_at < {{ capacity_epoch() }}, false
        ) as is_approved_before_epoch,
        coalesce(ledger_by_reservation.ledger_entry_count, 0) as ledger_entry_count,
        coalesce(ledger_by_reservation.approval_entry_count, 0) as approval_entry_count,
        coalesce(ledger_by_reservation.deducted_tokens, 0)::bigint as deducted_tokens,
        coalesce(ledger_by_reservation.refunded_tokens, 0)::bigint as refunded_tokens,
        coalesce(ledger_by_reservation.ledger_tokens, 0)::bigint as ledger_tokens,
        coalesce(entries_by_reservation.entry_count, 0) as entry_count
    from reservations
    left join competitions on reservations.competition_id = competitions.competition_id
    left join studios on reservations.studio_id = studios.studio_id
    left join ledger_by_reservation
        on reservations.reservation_id = ledger_by_reservation.reservation_id
    left join entries_by_reservation
        on reservations.reservation_id = entries_by_reservation.reservation_id
),

judged as (
    select
        *,
        (
            holds_capacity
            and coalesce(spaces_confirmed, 0) > 0
            and approval_entry_count = 0
        ) as is_approval_missing
    from reconciled
),

final as (
    select
        tenant_id,
        reservation_id,
        competition_id,
        competition_name,
        studio_id,
        studio_name,
        status,
        holds_capacity,
        spaces_confirmed,
        approved_at,
        is_approved_before_epoch,
        ledger_entry_count,
        approval_entry_count,
        deducted_tokens,
        refunded_tokens,
        ledger_tokens,
        entry_count,
        is_approval_missing,
        (
            is_approval_missing and not is_approved_before_epoch
        ) as is_new_orphan_approval
    from judged
)

select * from final
