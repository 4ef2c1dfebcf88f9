{{ config(enabled=contract_declares('capacity')) }}

with

reservations as not materialized (
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

-- One aggregate over all three tables beats joining three aggregates, and lets Postgres
-- look a single reservation up by its key in each of them (docs/performance.md).
facts as (
    select
        reservation_id,
        true as is_reservation,
        status,
        spaces_confirmed,
        approved_at,
        null::bigint as approved_tokens,
        null::bigint as refunded_tokens,
        null::bigint as changed_tokens,
        null::timestamptz as approval_entry_at,
        null::timestamptz as refund_at,
        null::boolean as is_ledger_entry,
        null::boolean as is_approval_entry,
        null::boolean as is_refund_entry,
        null::boolean as is_entry
    from reservations
    union all
    select
        reservation_id,
        null as is_reservation,
        null as status,
        null as spaces_confirmed,
        null as approved_at,
        case
            when reason in ({{ capacity_reasons('approval') }}) then change_tokens
        end as approved_tokens,
        case
            when reason in ({{ capacity_reasons('refunds') }}) then change_tokens
        end as refunded_tokens,
        change_tokens as changed_tokens,
        case
            when reason in ({{ capacity_reasons('approval') }}) then created_at
        end as approval_entry_at,
        case
            when reason in ({{ capacity_reasons('refunds') }}) then created_at
        end as refund_at,
        true as is_ledger_entry,
        case
            when reason in ({{ capacity_reasons('approval') }}) then true
        end as is_approval_entry,
        case
            when reason in ({{ capacity_reasons('refunds') }}) then true
        end as is_refund_entry,
        null as is_entry
    from ledger
    union all
    select
        reservation_id,
        null as is_reservation,
        null as status,
        null as spaces_confirmed,
        null as approved_at,
        null as approved_tokens,
        null as refunded_tokens,
        null as changed_tokens,
        null as approval_entry_at,
        null as refund_at,
        null as is_ledger_entry,
        null as is_approval_entry,
        null as is_refund_entry,
        true as is_entry
    from entries
    where status is distinct from 'cancelled'
),

totals as (
    select
        reservation_id,
        max(status) as status,
        max(spaces_confirmed) as spaces_confirmed,
        max(approved_at) as approved_at,
        count(is_ledger_entry) as ledger_entry_count,
        -- By their reason: an approval entry without an amount is one nevertheless.
        count(is_approval_entry) as approval_entry_count,
        sum(-approved_tokens)::bigint as deducted_tokens,
        count(is_refund_entry) as refund_entry_count,
        coalesce(sum(refunded_tokens), 0)::bigint as refunded_tokens,
        coalesce(sum(changed_tokens), 0)::bigint as ledger_tokens,
        min(approval_entry_at) as first_approval_entry_at,
        min(refund_at) as first_refund_at,
        count(is_entry) as entry_count
    from facts
    group by reservation_id
    -- What hangs on no reservation, or on one that is gone, is judged entry by entry.
    having count(is_reservation) > 0
),

judged as (
    select
        *,
        coalesce(
            status in ({{ capacity_statuses('holding') }}), false
        ) as holds_capacity,
        coalesce(
            status in ({{ capacity_statuses('released') }}), false
        ) as is_released,
        coalesce(
            approved_at < {{ capacity_epoch() }}, false
        ) as is_approved_before_epoch,
        case
            when
                status in ({{ capacity_statuses('summarized') }})
                and spaces_confirmed is not null
                then greatest(spaces_confirmed - entry_count, 0)
        end as expected_refund_tokens
    from totals
),

final as (
    select
        reservations.tenant_id,
        judged.reservation_id,
        reservations.competition_id,
        competitions.competition_name,
        reservations.studio_id,
        studios.studio_name,
        judged.status,
        judged.holds_capacity,
        judged.spaces_confirmed,
        judged.approved_at,
        judged.is_released,
        judged.is_approved_before_epoch,
        judged.ledger_entry_count,
        judged.approval_entry_count,
        coalesce(judged.deducted_tokens, 0) as deducted_tokens,
        judged.first_approval_entry_at,
        judged.refunded_tokens,
        judged.expected_refund_tokens,
        judged.first_refund_at,
        judged.ledger_tokens,
        judged.entry_count,
        (
            judged.holds_capacity
            and coalesce(judged.spaces_confirmed, 0) > 0
            and judged.approval_entry_count = 0
        ) as is_approval_missing,
        (
            judged.holds_capacity
            and coalesce(judged.spaces_confirmed, 0) > 0
            and judged.approval_entry_count = 0
            and not judged.is_approved_before_epoch
        ) as is_new_orphan_approval,
        (judged.approval_entry_count > 1) as is_approval_repeated,
        (
            judged.approval_entry_count = 1
            and judged.spaces_confirmed is not null
            and (judged.deducted_tokens is distinct from judged.spaces_confirmed)
        ) as is_approval_amount_wrong,
        coalesce(
            judged.refunded_tokens <> judged.expected_refund_tokens, false
        ) as is_refund_wrong,
        (
            judged.approval_entry_count > 0
            -- An approval that adds has deducted nothing, not less than nothing.
            and judged.refunded_tokens > greatest(judged.deducted_tokens, 0)
        ) as is_refund_excessive,
        (
            coalesce(judged.first_refund_at < judged.first_approval_entry_at, false)
            or (
                judged.refund_entry_count > 0
                and judged.approval_entry_count = 0
                and judged.approved_at is null
            )
        ) as is_refund_premature,
        (judged.is_released and judged.ledger_tokens <> 0) as is_holding_while_released
    from judged
    left join reservations on judged.reservation_id = reservations.reservation_id
    left join competitions on reservations.competition_id = competitions.competition_id
    left join studios on reservations.studio_id = studios.studio_id
)

select * from final
