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

-- One aggregate over both tables beats joining two, and lets Postgres look a single
-- reservation up by its key in each of them (docs/performance.md).
facts as (
    select
        reservation_id,
        true as is_of_ledger,
        (reason in ({{ capacity_reasons('approval') }})) as is_approval,
        (reason in ({{ capacity_reasons('refunds') }})) as is_refund,
        change_tokens,
        created_at
    from ledger
    union all
    select
        reservation_id,
        false as is_of_ledger,
        false as is_approval,
        false as is_refund,
        null as change_tokens,
        null as created_at
    from entries
    where status is distinct from 'cancelled'
),

totals as (
    select
        reservation_id,
        count(*) filter (where is_of_ledger) as ledger_entry_count,
        sum(change_tokens)::bigint as ledger_tokens,
        count(*) filter (where is_approval) as approval_entry_count,
        (-sum(change_tokens) filter (where is_approval))::bigint as deducted_tokens,
        min(created_at) filter (where is_approval) as first_approval_entry_at,
        count(*) filter (where is_refund) as refund_entry_count,
        (sum(change_tokens) filter (where is_refund))::bigint as refunded_tokens,
        min(created_at) filter (where is_refund) as first_refund_at,
        count(*) filter (where not is_of_ledger) as entry_count
    from facts
    group by reservation_id
),

judged as (
    select
        reservations.tenant_id,
        reservations.reservation_id,
        reservations.competition_id,
        reservations.studio_id,
        reservations.status,
        reservations.spaces_confirmed,
        reservations.approved_at,
        coalesce(
            reservations.status in ({{ capacity_statuses('holding') }}), false
        ) as holds_capacity,
        coalesce(
            reservations.status in ({{ capacity_statuses('released') }}), false
        ) as is_released,
        coalesce(
            reservations.approved_at < {{ capacity_epoch() }}, false
        ) as is_approved_before_epoch,
        coalesce(totals.ledger_entry_count, 0) as ledger_entry_count,
        coalesce(totals.ledger_tokens, 0) as ledger_tokens,
        coalesce(totals.approval_entry_count, 0) as approval_entry_count,
        totals.deducted_tokens,
        totals.first_approval_entry_at,
        coalesce(totals.refund_entry_count, 0) as refund_entry_count,
        coalesce(totals.refunded_tokens, 0) as refunded_tokens,
        totals.first_refund_at,
        coalesce(totals.entry_count, 0) as entry_count,
        case
            when
                reservations.status in ({{ capacity_statuses('summarized') }})
                and reservations.spaces_confirmed is not null
                then greatest(
                    reservations.spaces_confirmed - coalesce(totals.entry_count, 0), 0
                )
        end as expected_refund_tokens
    from reservations
    left join totals on reservations.reservation_id = totals.reservation_id
),

flagged as (
    select
        judged.tenant_id,
        judged.reservation_id,
        judged.competition_id,
        competitions.competition_name,
        judged.studio_id,
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
    left join competitions on judged.competition_id = competitions.competition_id
    left join studios on judged.studio_id = studios.studio_id
),

-- How much each fault comes to: what is lacking is negative. A row without it has none.
final as (
    select
        *,
        case when is_approval_missing then -spaces_confirmed end as missing_approval_tokens,
        case when is_new_orphan_approval then -spaces_confirmed end as new_orphan_tokens,
        case
            when is_approval_repeated then deducted_tokens - spaces_confirmed
        end as repeated_approval_tokens,
        case
            when is_approval_amount_wrong then deducted_tokens - spaces_confirmed
        end as wrong_approval_tokens,
        case
            when is_refund_wrong then refunded_tokens - expected_refund_tokens
        end as wrong_refund_tokens,
        case
            when is_refund_excessive
                then refunded_tokens - greatest(deducted_tokens, 0)
        end as excessive_refund_tokens,
        case when is_holding_while_released then ledger_tokens end as kept_tokens
    from flagged
)

select * from final
